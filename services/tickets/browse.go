package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// browse lists tickets that can be bought, from the catalogue in memory.
func (s *server) browse(w http.ResponseWriter, r *http.Request) error {
	q, err := queryOf(r, catalogue.Newest, "event", "ids")
	if err != nil {
		return err
	}
	q.Event = r.URL.Query().Get("event")
	if r.URL.Query().Has("ids") { // whatever else is asked for, as long as it makes sense
		return s.these(w, r)
	}
	tickets, more := s.catalogue.Page(q, s.now())
	if more {
		api.SetNext(w, r, cursor(tickets[len(tickets)-1]))
	}
	letCachesKeep(w, r)
	return s.answerAll(w, r, tickets)
}

// queryOf reads what of the catalogue is asked for. It returns Invalid, naming the parameter, for a wrong one, and for any
// other than these and allowed.
func queryOf(r *http.Request, sort catalogue.Sort, allowed ...string) (catalogue.Query, error) {
	page, err := api.PageOf(r, append(allowed, "q", "sort", "city", "from", "to")...)
	if err != nil {
		return catalogue.Query{}, err
	}
	asked := r.URL.Query()
	q := catalogue.Query{
		Sort: sort, Words: catalogue.Words(asked.Get("q")), City: asked.Get("city"), From: asked.Get("from"), To: asked.Get("to"), Limit: page.Limit,
	}
	if asked.Has("sort") {
		q.Sort = catalogue.Sort(asked.Get("sort"))
	}
	var wrong fault.Fields
	switch q.Sort {
	case catalogue.Newest, catalogue.Cheapest, catalogue.Dearest, catalogue.Soonest:
	default:
		wrong.Check(false, "sort", "sort must be new, price, -price or date")
	}
	for _, name := range []string{"from", "to"} {
		_, err := time.Parse(time.DateOnly, asked.Get(name))
		wrong.Check(err == nil || asked.Get(name) == "", name, name+" must be a date, such as 2027-07-18")
	}
	if len(wrong) == 0 {
		wrong.Check(q.To == "" || q.From <= q.To, "to", "to must not be before from")
	}
	if err := wrong.Err(); err != nil {
		return q, err
	}
	if page.Cursor != "" {
		q.After, err = readCursor(page.Cursor)
	}
	return q, err
}

// letCachesKeep lets whoever stands between keep a page of the catalogue for a second, if nobody in particular asks for it.
// It may be a moment old anyhow.
func letCachesKeep(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Cookie, Authorization, Accept")
	if r.Header.Get("Cookie") == "" && r.Header.Get("Authorization") == "" {
		w.Header().Set("Cache-Control", "public, max-age=1")
	}
}

// mostIDs is how many tickets can be asked for by id at a time.
const mostIDs = 100

// these lists the tickets with the ids asked for, sold and held too: what an open page shows, looked up again. Anybody may
// ask, again and again, so the answer is from memory, which follows the events as closely as the page does; a ticket
// listed this moment may be missing in it. The store is asked only while the catalogue may have missed something.
func (s *server) these(w http.ResponseWriter, r *http.Request) error {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > mostIDs {
		return fault.InField("ids", fmt.Sprintf("ids must be at most %d", mostIDs))
	}
	for _, id := range ids {
		if api.CheckID(id) != nil {
			return fault.InField("ids", "ids must be ids of tickets, with commas between them")
		}
	}
	if s.isUpToDate() {
		return s.answerAll(w, r, s.catalogue.These(ids))
	}
	tickets, err := s.tickets.GetMany(r.Context(), ids)
	if err != nil {
		return err
	}
	return s.answerAll(w, r, tickets)
}

// cursor is where a page ended: all that any order sorts by.
func cursor(t ticket.Ticket) string {
	raw := fmt.Appendf(nil, "%d %d %s", t.Price, t.CreatedAt.UnixNano(), t.ID)
	if !t.StartsAt.IsZero() {
		raw = fmt.Appendf(raw, " %d", t.StartsAt.UnixMilli())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func readCursor(s string) (*ticket.Ticket, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, api.BadCursor()
	}
	keys := strings.Split(string(raw), " ")
	if len(keys) != 3 && len(keys) != 4 || keys[2] == "" { // the fourth is of what has a start
		return nil, api.BadCursor()
	}
	price, badPrice := strconv.ParseInt(keys[0], 10, 64)
	created, badCreated := strconv.ParseInt(keys[1], 10, 64)
	if badPrice != nil || badCreated != nil {
		return nil, api.BadCursor()
	}
	t := &ticket.Ticket{ID: keys[2], Price: money.Amount(price), CreatedAt: time.Unix(0, created)}
	if len(keys) == 4 {
		starts, err := strconv.ParseInt(keys[3], 10, 64)
		if err != nil {
			return nil, api.BadCursor()
		}
		t.StartsAt = clock.At(time.UnixMilli(starts))
	}
	return t, nil
}

// mine lists the caller's tickets, sold and held too, newest first.
func (s *server) mine(w http.ResponseWriter, r *http.Request) error {
	seller, page, from, err := s.pageOfTheirs(r)
	if err != nil {
		return err
	}
	tickets, next, err := dapr.Fill(from, page.Limit,
		func(from, limit int) ([]string, int, error) {
			return s.sellers.Newest(r.Context(), seller, from, limit)
		},
		func(ids []string) ([]ticket.Ticket, error) { return s.tickets.GetMany(r.Context(), ids) })
	if err != nil {
		return err
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return s.answerAll(w, r, tickets)
}

// pageOfTheirs is who asks for a page of what is his own, and where in his list it begins.
func (s *server) pageOfTheirs(r *http.Request) (seller string, page api.Page, from int, err error) {
	u, err := s.sessions.User(r)
	if err != nil {
		return "", page, 0, err
	}
	if page, err = api.PageOf(r); err != nil {
		return "", page, 0, err
	}
	from, err = page.Position()
	return u.ID, page, from, err
}

func (s *server) answerAll(w http.ResponseWriter, r *http.Request, tickets []ticket.Ticket) error {
	views := make([]shown, len(tickets))
	for i, t := range tickets {
		views[i] = s.shownOf(t)
	}
	return api.WriteTagged(w, r, http.StatusOK, views)
}

// show answers with one ticket.
func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	t, err := s.tickets.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, s.shownOf(t))
}
