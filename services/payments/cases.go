package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// operator is who is signed in, if he is one. It returns Forbidden for anybody else.
func (s *server) operator(r *http.Request) (session.User, error) {
	u, err := s.sessions.User(r)
	if err == nil && !u.Operator {
		err = fault.NotOwner()
	}
	return u, err
}

// A page of cases reads so many a time, and no more than so many times: most of an old list is settled.
const (
	casesSlice = 100
	casesLooks = 5
)

// listCases lists what needs a person, or what needed one, the latest first. A page may have fewer than limit, or none: the last
// is the one without a link.
func (s *server) listCases(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.operator(r); err != nil {
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
		found = append(found, some...)
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

// lookAgain asks the card network once more about a case. Who does so is noted before anything is done.
func (s *server) lookAgain(w http.ResponseWriter, r *http.Request) error {
	operator, err := s.operator(r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), payLimit)
	defer cancel()
	c, err := s.cases.Update(ctx, id, func(c *payment.Case) error { return c.Look(operator.ID, s.now()) })
	if err != nil {
		return err
	}
	words, over, err := s.lookAt(ctx, c)
	if err != nil {
		return err
	}
	c, err = s.cases.Update(ctx, id, func(c *payment.Case) error { c.Find(words, over, s.now()); return nil })
	if err != nil {
		return err
	}
	return s.answerCase(w, r, c)
}

// doneByHand notes that an operator has settled a case outside, and how. Of a refund it means that the buyer has his money:
// everybody hears so, as of any other.
func (s *server) doneByHand(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.User(r); err != nil {
		return err
	}
	var in struct {
		Words string `json:"words"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	words, complaint := payment.Words(in.Words)
	if complaint != "" {
		return fault.InField("words", complaint)
	}
	operator, err := s.operator(r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	c, err := s.cases.Update(r.Context(), id, func(c *payment.Case) error { return c.Say(operator.ID, words, s.now()) })
	if err != nil {
		return err
	}
	if c.Kind == payment.Refund {
		if err := s.watch(r.Context(), c.OrderID); err != nil {
			return err
		}
		if _, err := s.payments.Update(r.Context(), dapr.ByRepeat, c.OrderID, func(p *payment.Payment) error { p.ByHand(s.now()); return nil }); err != nil {
			return err
		}
	}
	c, err = s.cases.Update(r.Context(), id, func(c *payment.Case) error { c.Settle(s.now()); return nil })
	if err != nil {
		return err
	}
	return s.answerCase(w, r, c)
}

func (s *server) answerCase(w http.ResponseWriter, r *http.Request, c payment.Case) error {
	paid, err := s.paymentsOf(r.Context(), c)
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, caseOf(c, paid[c.OrderID]))
}
