package main

import (
	"marketplace/services/payments/payment"
	"marketplace/shared/clock"
)

// shownCase is a case as operators see it.
type shownCase struct {
	ID        string         `json:"id"`
	OrderID   string         `json:"orderId"`
	Kind      payment.Kind   `json:"kind"`
	Reason    string         `json:"reason"`
	Since     clock.Time     `json:"since"`
	Over      bool           `json:"over"` // nothing is left to do
	SettledAt clock.Time     `json:"settledAt,omitzero"`
	StripeID  string         `json:"stripeId,omitempty"` // the charge, as Stripe calls it
	Status    payment.Status `json:"status,omitempty"`   // of the payment; none without one
	Amount    int64          `json:"amount,omitempty"`   // in the smallest unit
	Currency  string         `json:"currency,omitempty"`
	Notes     []shownNote    `json:"notes"`
}

// shownNote is a line of what was done about a case.
type shownNote struct {
	At    clock.Time   `json:"at"`
	By    string       `json:"by,omitempty"` // an operator's user id
	What  payment.Step `json:"what"`
	Words string       `json:"words,omitempty"`
}

func caseOf(c payment.Case, p *payment.Payment) shownCase {
	out := shownCase{ID: c.ID, OrderID: c.OrderID, Kind: c.Kind, Reason: c.Reason, Since: clock.At(c.Since), Over: c.Over(p), StripeID: c.StripeID, Notes: []shownNote{}}
	if !c.Settled.IsZero() {
		out.SettledAt = clock.At(c.Settled)
	}
	if p != nil {
		out.Status, out.Amount, out.Currency = p.Status, p.Smallest(), p.Currency
		if out.StripeID == "" {
			out.StripeID = p.StripeID
		}
	}
	for _, n := range c.Notes {
		out.Notes = append(out.Notes, shownNote{clock.At(n.At), n.By, n.What, n.Words})
	}
	return out
}
