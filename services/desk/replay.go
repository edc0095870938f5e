package main

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/shelf"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// allLetters owns the list of what was settled.
const allLetters = "all"

// replay sends a letter's event to its topic again. All who subscribe get it, which changes nothing for those who had handled it.
func (s *server) replay(w http.ResponseWriter, r *http.Request) error {
	return s.settle(w, r, (*letter.Letter).Replay)
}

// drop says that nobody needs a letter's event.
func (s *server) drop(w http.ResponseWriter, r *http.Request) error {
	return s.settle(w, r, (*letter.Letter).Drop)
}

func (s *server) settle(w http.ResponseWriter, r *http.Request, how func(l *letter.Letter, by string, at time.Time) error) error {
	operator, err := s.sessions.Operator(r)
	if err != nil {
		return err
	}
	known := api.PreconditionOf(r)
	l, err := s.end(r.Context(), mux.Vars(r)["id"], func(l *letter.Letter) error {
		if err := known.Check(shown(*l)); err != nil && l.State == letter.Waiting { // settled, it says itself by whom
			return err
		}
		return how(l, operator.ID, s.now())
	})
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, shown(l))
}

// end settles a letter as change does.
func (s *server) end(ctx context.Context, id string, change func(*letter.Letter) error) (letter.Letter, error) {
	if err := api.CheckID(id); err != nil {
		return letter.Letter{}, err
	}
	before, err := s.letters.Get(ctx, id)
	if err != nil {
		return before, err
	}
	try := before
	if err := change(&try); err != nil {
		return before, err
	}
	if err := s.settled.Add(ctx, allLetters, id); err != nil { // first: see dapr.List
		return before, err
	}
	l, err := s.letters.Update(ctx, dapr.ByNudge, id, change)
	if err != nil {
		return l, err
	}
	if err := s.waiting.Remove(ctx, shelf.Entry{ID: id, At: l.Since.UnixMilli()}); err != nil && fault.KindOf(err) != fault.NotFound {
		s.log.Warn("a settled letter is still listed", "letter", id, "error", err) // who reads the list takes it out
	}
	return l, nil
}
