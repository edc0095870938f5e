package main

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// lookAgain asks the card network once more about a case. Who does so is noted before anything is done.
func (s *server) lookAgain(w http.ResponseWriter, r *http.Request) error {
	operator, err := s.sessions.Operator(r)
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
	operator, err := s.sessions.Operator(r)
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
