package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// A page of cases reads so many a time, and no more than so many times: most of an old list is settled.
const (
	casesSlice = 100
	casesLooks = 5
)

// listCases lists what needs a person, or what needed one, the latest first. A page may have fewer than limit, or none: the last
// is the one without a link.
func (s *server) listCases(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.Operator(r); err != nil {
		return err
	}
	page, err := api.PageOf(r, "state")
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if state != "" && state != "open" && state != "settled" {
		return fault.InField("state", "state must be open or settled")
	}
	next, err := page.Position()
	if err != nil {
		return err
	}
	found := []shownCase{}
	for look := 0; look == 0 || look < casesLooks && next > 0 && len(found) < page.Limit; look++ {
		var some []shownCase
		if some, next, err = s.someCases(r.Context(), next, page.Limit-len(found), state == "settled"); err != nil {
			return err
		}
		for _, c := range some { // one that was opened again much later is in the list twice
			if !slices.ContainsFunc(found, func(f shownCase) bool { return f.ID == c.ID }) {
				found = append(found, c)
			}
		}
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return api.WriteTagged(w, r, http.StatusOK, found)
}

// someCases reads a slice of the list from a position, as List.Newest does, and returns those of it that are over or are not, at
// most limit, and the position after the last that it has looked at.
func (s *server) someCases(ctx context.Context, from, limit int, over bool) (found []shownCase, next int, err error) {
	ids, next, err := s.open.Newest(ctx, allCases, from, casesSlice)
	if err != nil {
		return nil, 0, err
	}
	at := map[string]int{}
	for i, id := range ids {
		at[id] = next + len(ids) - 1 - i // positions count from the oldest
	}
	cases, err := s.cases.GetMany(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	paid, err := s.paymentsOf(ctx, cases...)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range cases {
		p := paid[c.OrderID]
		if c.Over(p) != over {
			continue
		}
		found = append(found, caseOf(c, p))
		if len(found) == limit {
			return found, at[c.ID], nil
		}
	}
	return found, next, nil
}

// paymentsOf are the payments that cases are about, by order.
func (s *server) paymentsOf(ctx context.Context, cases ...payment.Case) (map[string]*payment.Payment, error) {
	var ids []string
	by := map[string]*payment.Payment{}
	for _, c := range cases {
		if _, asked := by[c.OrderID]; !asked {
			ids, by[c.OrderID] = append(ids, c.OrderID), nil
		}
	}
	all, err := s.payments.GetMany(ctx, ids)
	for _, p := range all {
		by[p.OrderID] = &p
	}
	return by, err
}
