package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/shelf"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

const (
	// A page reads so many letters at a time, each with its event's data: a sidecar's answer is 4 MB at most.
	lettersSlice = 25
	// settledLooks bounds how often a page of settled letters reads on.
	settledLooks = 8
)

// listLetters lists dead letters, the latest first. A page may have fewer than limit, or none: the last is the one without a link.
func (s *server) listLetters(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.Operator(r); err != nil {
		return err
	}
	page, err := api.PageOf(r, "state")
	if err != nil {
		return err
	}
	list := s.waitingLetters
	switch state := r.URL.Query().Get("state"); {
	case state == "settled":
		list = s.settledLetters
	case r.URL.Query().Has("state") && state != "waiting":
		return fault.InField("state", "state must be waiting or settled")
	}
	found, next, err := list(r.Context(), page)
	if err != nil {
		return err
	}
	out := []shownLetter{}
	for _, l := range found {
		out = append(out, shown(l))
	}
	if next != "" {
		api.SetNext(w, r, next)
	}
	return api.WriteTagged(w, r, http.StatusOK, out)
}

// showLetter answers with one letter.
func (s *server) showLetter(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.Operator(r); err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	l, err := s.letters.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, shown(l))
}

// waitingLetters are those that wait, from a cursor on. What is settled and still listed is taken out on the way.
func (s *server) waitingLetters(ctx context.Context, page api.Page) (found []letter.Letter, next string, err error) {
	all, err := s.waiting.All(ctx)
	if err != nil {
		return nil, "", err
	}
	if page.Cursor != "" {
		from, err := entryAt(page.Cursor)
		if err != nil {
			return nil, "", err
		}
		all = slices.DeleteFunc(all, func(e shelf.Entry) bool { return shelf.Later(e, from) <= 0 })
	}
	for len(all) > 0 && len(found) < page.Limit {
		some := all[:min(len(all), lettersSlice, page.Limit-len(found))]
		all = all[len(some):]
		letters, err := s.lettersOf(ctx, some)
		if err != nil {
			return nil, "", err
		}
		for _, e := range some {
			l, known := letters[e.ID]
			switch {
			case known && l.State == letter.Waiting:
				found = append(found, l)
			case known && s.now().Sub(time.UnixMilli(e.At)) > shelf.SettledFor:
				if err := s.waiting.Remove(ctx, e); err != nil {
					s.log.Warn("a settled letter is still listed", "letter", e.ID, "error", err)
				}
			}
		}
		if len(all) > 0 {
			next = fmt.Sprintf("%d.%s", some[len(some)-1].At, some[len(some)-1].ID)
		} else {
			next = ""
		}
	}
	return found, next, nil
}

func (s *server) lettersOf(ctx context.Context, entries []shelf.Entry) (map[string]letter.Letter, error) {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	all, err := s.letters.GetMany(ctx, ids)
	by := map[string]letter.Letter{}
	for _, l := range all {
		by[l.ID] = l
	}
	return by, err
}

// entryAt reads a cursor.
func entryAt(cursor string) (shelf.Entry, error) {
	at, id, cut := strings.Cut(cursor, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !cut || api.CheckID(id) != nil {
		return shelf.Entry{}, api.BadCursor()
	}
	return shelf.Entry{ID: id, At: ms}, nil
}

// settledLetters are those that somebody has settled, the latest first.
func (s *server) settledLetters(ctx context.Context, page api.Page) (found []letter.Letter, next string, err error) {
	from, err := page.Position()
	if err != nil {
		return nil, "", err
	}
	for look := 0; look == 0 || look < settledLooks && from > 0 && len(found) < page.Limit; look++ {
		var ids []string
		if ids, from, err = s.settled.Newest(ctx, allLetters, from, min(lettersSlice, page.Limit-len(found))); err != nil {
			return nil, "", err
		}
		some, err := s.letters.GetMany(ctx, ids)
		if err != nil {
			return nil, "", err
		}
		for _, l := range some { // one that was settled twice is listed twice
			if l.State != letter.Waiting && !slices.ContainsFunc(found, func(f letter.Letter) bool { return f.ID == l.ID }) {
				found = append(found, l)
			}
		}
	}
	if from > 0 {
		next = strconv.Itoa(from)
	}
	return found, next, nil
}
