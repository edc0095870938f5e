package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gorilla/mux"

	"marketplace/services/desk/overdue"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// endless is an order past its deadline that does not end, as tickets tells of it.
type endless struct {
	OrderID  string     `json:"orderId"`
	TicketID string     `json:"ticketId"`
	Title    string     `json:"title"`
	Until    clock.Time `json:"until"`
}

// shownOrder is one as operators see it.
type shownOrder struct {
	endless
	Notes []shownNote `json:"notes"`
}

// listOrders lists orders that do not end, those over longest first; or, with state=looked, those that somebody has looked at, the
// latest first.
func (s *server) listOrders(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.Operator(r); err != nil {
		return err
	}
	page, err := api.PageOf(r, "state")
	if err != nil {
		return err
	}
	from, err := page.Position()
	if err != nil {
		return err
	}
	var out []shownOrder
	switch state := r.URL.Query().Get("state"); {
	case state == "looked":
		out, from, err = s.lookedAt(r.Context(), from, page.Limit)
	case r.URL.Query().Has("state") && state != "open":
		return fault.InField("state", "state must be open or looked")
	default:
		out, from, err = s.withoutEnd(r.Context(), from, page.Limit)
	}
	if err != nil {
		return err
	}
	if from > 0 {
		api.SetNext(w, r, strconv.Itoa(from))
	}
	return api.WriteTagged(w, r, http.StatusOK, out)
}

func (s *server) lookedAt(ctx context.Context, from, limit int) ([]shownOrder, int, error) {
	ids, next, err := s.looked.Newest(ctx, allLetters, from, limit)
	if err != nil {
		return nil, 0, err
	}
	out := []shownOrder{}
	all, err := s.overdue.GetMany(ctx, ids)
	for i, o := range all {
		if !slices.ContainsFunc(all[:i], func(p overdue.Overdue) bool { return p.OrderID == o.OrderID }) {
			out = append(out, shownOrder{endless{o.OrderID, o.TicketID, o.Title, clock.At(o.Until)}, notes(o.Notes)})
		}
	}
	return out, next, err
}

// withoutEnd asks tickets, which hears of the end of each.
func (s *server) withoutEnd(ctx context.Context, from, limit int) (out []shownOrder, next int, err error) {
	var said struct {
		Orders []endless `json:"orders"`
	}
	if err := s.services.Invoke(ctx, "tickets", http.MethodGet, "/internal/holds/overdue", nil, &said); err != nil {
		return nil, 0, err
	}
	some := said.Orders[min(from, len(said.Orders)):]
	if len(some) > limit {
		some, next = some[:limit], from+limit
	}
	var ids []string
	for _, o := range some {
		ids = append(ids, o.OrderID)
	}
	known, err := s.overdue.GetMany(ctx, ids)
	out = []shownOrder{}
	for _, o := range some {
		shown := shownOrder{o, []shownNote{}}
		for _, k := range known {
			if k.OrderID == o.OrderID {
				shown.Notes = notes(k.Notes)
			}
		}
		out = append(out, shown)
	}
	return out, next, err
}

// orderNow is an order as orders tells of it.
type orderNow struct {
	ID        string
	Status    string
	Reason    string
	ExpiresAt clock.Time
	Ticket    struct{ ID, Title string }
}

// over tells whether nothing more is to come of it by itself.
func (o orderNow) over() bool { return o.Status != "created" && o.Status != "awaiting:payment" }

// lookAtOrder has orders look once more at an order that does not end. Who does so is noted before.
func (s *server) lookAtOrder(w http.ResponseWriter, r *http.Request) error {
	operator, err := s.sessions.Operator(r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	ctx := r.Context()
	var now orderNow
	if err := s.services.Invoke(ctx, "orders", http.MethodGet, "/internal/overdue/"+url.PathEscape(id), nil, &now); err != nil {
		return err
	}
	if !now.over() && s.now().Before(now.ExpiresAt.Time) {
		return fault.New(fault.Refused, "There is still time to pay for this order")
	}
	if err := s.looked.Add(ctx, allLetters, id); err != nil { // first: see dapr.List
		return err
	}
	_, err = s.overdue.Upsert(ctx, id, func(o *overdue.Overdue) error {
		o.OrderID, o.TicketID, o.Title, o.Until = now.ID, now.Ticket.ID, now.Ticket.Title, now.ExpiresAt.Time
		return o.Look(operator.ID, s.now())
	})
	if err != nil {
		return err
	}
	words := s.look(ctx, now)
	o, err := s.overdue.Update(ctx, id, func(o *overdue.Overdue) error { o.Find(words, s.now()); return nil })
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, shownOrder{endless{o.OrderID, o.TicketID, o.Title, clock.At(o.Until)}, notes(o.Notes)})
}

// look has an order ended, and says what came of it.
func (s *server) look(ctx context.Context, now orderNow) string {
	if !now.over() {
		err := s.services.Invoke(ctx, "orders", http.MethodPost, "/internal/orders/"+url.PathEscape(now.ID)+"/overdue", nil, nil)
		switch {
		case fault.KindOf(err) == fault.Early || fault.KindOf(err) == fault.Conflict:
			return "It cannot end yet: payments does not say whether it was paid"
		case err != nil:
			return "It has not ended: orders does not answer"
		}
		if err := s.services.Invoke(ctx, "orders", http.MethodGet, "/internal/overdue/"+url.PathEscape(now.ID), nil, &now); err != nil {
			return "It has ended"
		}
	}
	if now.Reason != "" {
		return "It has ended: " + now.Status + " (" + now.Reason + ")"
	}
	return "It has ended: " + now.Status
}
