package main

import (
	"context"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/trace"
)

// allCases owns the list of what ever needed a person.
const allCases = "all"

// needsPerson opens a case: money that no repetition will put right. It is called before whatever ends the work that found it,
// and the work is repeated when it fails: subject is what makes the repetition no second case. The line in the log is what is
// left of one that cannot be named: it is about no order of ours.
func (s *server) needsPerson(ctx context.Context, k payment.Kind, orderID, stripeID, subject, why string) error {
	id, news := payment.CaseID(k, orderID), true
	if api.CheckID(id) == nil {
		if err := s.open.Add(ctx, allCases, id); err != nil { // first: see dapr.List
			return err
		}
		if _, err := s.cases.Upsert(ctx, id, func(c *payment.Case) error {
			news = c.Tell(k, orderID, stripeID, subject, why, s.now())
			return nil
		}); err != nil {
			return err
		}
	}
	if news {
		persons.Inc()
		s.log.Error("needs a person", "order", orderID, "why", why, "trace", trace.ID(ctx))
	}
	return nil
}

// sayable is an error in words for an operator.
func sayable(err error) string {
	if err == nil {
		return ""
	}
	if e := stripeError(err); e != nil && e.Msg != "" {
		return e.Msg
	}
	return err.Error()
}
