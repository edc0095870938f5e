package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"marketplace/services/handover/handover"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// allReports owns the list of what was ever reported.
const allReports = "all"

// report is the buyer's word that it did not work. It is put on the operators' list first: see dapr.List.
func (s *server) report(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	var in struct {
		Words string `json:"words"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	words, complaint := handover.Words(in.Words)
	if complaint != "" {
		return fault.InField("words", complaint)
	}
	h, err := s.ofOrder(r.Context(), mux.Vars(r)["orderId"])
	if err != nil {
		return err
	}
	h, err = s.handovers.UpdateAfter(r.Context(), dapr.ByNudge, h.Ticket.ID,
		func() error { return s.reports.Add(r.Context(), allReports, h.Sale.OrderID) },
		func(h *handover.Handover) error { return h.Report(buyer.ID, words, s.now()) })
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, s.shownTo(buyer, h))
}

// decide is an operator's word on a report. One who says what he has read (If-Match) is refused when it is something else by now:
// the buyer may have opened meanwhile what he had reported unopened.
func (s *server) decide(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.User(r); err != nil {
		return err
	}
	var in struct {
		Decision handover.Verdict `json:"decision"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.Decision != handover.Refund && in.Decision != handover.Dismiss {
		return fault.InField("decision", "decision must be refund or dismiss")
	}
	operator, err := s.sessions.Operator(r)
	if err != nil {
		return err
	}
	known := api.PreconditionOf(r)
	return s.change(w, r, func(h *handover.Handover, _ string) error {
		if h.Sale.Verdict != in.Decision { // else it is a repetition, of what was read before
			if err := known.Check(s.shownTo(operator, *h)); err != nil {
				return err
			}
		}
		return h.Decide(operator.ID, in.Decision, s.now())
	})
}

// A page of reports reads so many a time, and no more than so many times: most of an old list is decided.
const (
	reportsSlice = 200
	reportsLooks = 5
)

// reported lists the open reports, or those that were decided, the latest first. A page may have fewer than limit, or none: the last is the one without a
// link.
func (s *server) reported(w http.ResponseWriter, r *http.Request) error {
	operator, err := s.sessions.Operator(r)
	if err != nil {
		return err
	}
	page, err := api.PageOf(r, "state")
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if state != "" && state != "open" && state != "decided" {
		return fault.InField("state", "state must be open or decided")
	}
	next, err := page.Position()
	if err != nil {
		return err
	}
	found := []shown{}
	for look := 0; look == 0 || look < reportsLooks && next > 0 && len(found) < page.Limit; look++ {
		var some []handover.Handover
		if some, next, err = s.someReports(r.Context(), next, page.Limit-len(found), state == "decided"); err != nil {
			return err
		}
		for _, h := range some {
			found = append(found, s.shownTo(operator, h))
		}
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return api.WriteTagged(w, r, http.StatusOK, found)
}

// someReports reads a slice of the list from a position, as List.Newest does, and returns those of it that are open or were
// decided, at most limit, and the position after the last that it has looked at.
func (s *server) someReports(ctx context.Context, from, limit int, decided bool) (some []handover.Handover, next int, err error) {
	ids, next, err := s.reports.Newest(ctx, allReports, from, reportsSlice)
	if err != nil {
		return nil, 0, err
	}
	at := map[string]int{}
	for i, id := range ids {
		at[id] = next + len(ids) - 1 - i // positions count from the oldest
	}
	found, err := s.ofOrders(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	for _, h := range found {
		if decided && h.Sale.Verdict == "" || !decided && h.Sale.Status != handover.Reported {
			continue
		}
		some = append(some, h)
		if len(some) == limit {
			return some, at[h.Sale.OrderID], nil
		}
	}
	return some, next, nil
}
