package main

import (
	"cmp"
	"net/http"
)

// refund gives back a charge, in whole or in part. How it ends depends on the card.
type refund struct {
	ID       string            `json:"id"`
	Charge   string            `json:"charge"`
	Intent   string            `json:"payment_intent"`
	Amount   int64             `json:"amount"`
	Currency string            `json:"currency"`
	Status   string            `json:"status"` // pending, requires_action, succeeded or failed
	Reason   string            `json:"reason,omitempty"`
	Created  int64             `json:"created"`
	Metadata map[string]string `json:"metadata"`

	FailureReason string `json:"failure_reason,omitempty"`
}

// createRefund refunds what is left of a charge, or the amount named. It never gives back more than was taken.
func (s *simulator) createRefund(c *call) (any, *apiError) {
	p := c.params
	re := refund{ID: newID("re"), Amount: p.integer("amount"), Created: s.now().Unix(), Metadata: p.metadata(),
		Reason: p.oneOf("reason", "duplicate", "fraudulent", "requested_by_customer")}
	if !p.Has("payment_intent") && !p.Has("charge") {
		p.fail(invalidParam("parameter_missing", "payment_intent",
			"One of the following params should be provided for this request: payment_intent or charge."))
	}
	if p.err != nil {
		return nil, p.err
	}
	ch, e := s.refundable(p)
	if e != nil {
		return nil, e
	}
	left := ch.Amount - ch.AmountRefunded
	switch {
	case ch.Disputed:
		return nil, invalid("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case left == 0:
		return nil, invalid("charge_already_refunded", "", "Charge %s has already been refunded.", ch.ID)
	case re.Amount == 0:
		re.Amount = left
	case re.Amount > left:
		return nil, invalid("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money(re.Amount, ch.Currency), money(left, ch.Currency))
	}
	ending := cards[ch.Card].refund
	re.Status = cmp.Or(ending.first, "succeeded")
	if ending.then != "" {
		s.later(c, re.ID)
	}
	re.Charge, re.Intent, re.Currency = ch.ID, ch.Intent, ch.Currency
	before := object{"amount_refunded": ch.AmountRefunded, "refunded": false}
	ch.AmountRefunded += re.Amount
	c.entry.Charges, c.entry.Refunds = append(c.entry.Charges, ch), append(c.entry.Refunds, re)
	s.announce(c, "charge.refunded", s.chargeView(nil, ch), before)
	s.announce(c, "refund.created", s.refundView(nil, re), nil)
	return s.refundView(c, re), nil
}

// endRefund ends a refund as its card does, a while after it was made. One that fails gives its amount back to the charge,
// which can be refunded again.
func (s *simulator) endRefund(c *call, re refund) {
	ch, before := s.ledger.charges[re.Charge], object{"status": re.Status}
	re.Status = cards[ch.Card].refund.then
	if re.Status == "failed" {
		re.FailureReason = "expired_or_canceled_card"
		ch.AmountRefunded -= re.Amount
		c.entry.Charges = append(c.entry.Charges, ch)
		s.announce(c, "refund.failed", s.refundView(nil, re), nil)
	}
	c.entry.Refunds = append(c.entry.Refunds, re)
	s.announce(c, "charge.refund.updated", s.refundView(nil, re), before)
	s.announce(c, "refund.updated", s.refundView(nil, re), before)
}

// refundable finds the charge that the call names, directly or as the one that paid an intent.
func (s *simulator) refundable(p *params) (charge, *apiError) {
	id := p.Get("charge")
	if id == "" {
		in, ok := s.ledger.intents[p.Get("payment_intent")]
		if !ok {
			return charge{}, missing(http.StatusBadRequest, "payment_intent", p.Get("payment_intent"), "payment_intent")
		}
		if in.Status != "succeeded" {
			return charge{}, invalid("", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", in.ID)
		}
		id = in.LatestCharge
	}
	ch, ok := s.ledger.charges[id]
	switch {
	case !ok:
		return charge{}, missing(http.StatusBadRequest, "charge", id, "charge")
	case p.Has("payment_intent") && p.Get("payment_intent") != ch.Intent:
		return charge{}, invalid("", "charge", "Charge %s does not belong to PaymentIntent %s.", id, p.Get("payment_intent"))
	case ch.Status != "succeeded":
		return charge{}, invalid("", "charge", "This PaymentIntent (%s) does not have a successful charge to refund.", ch.Intent)
	}
	return ch, nil
}

func (s *simulator) showRefund(c *call) (any, *apiError) {
	id := c.r.PathValue("id")
	re, ok := s.ledger.refunds[id]
	if !ok {
		return nil, missing(http.StatusNotFound, "refund", id, "id")
	}
	return s.refundView(c, re), nil
}

// listRefunds lists all refunds, or those of one intent or charge.
func (s *simulator) listRefunds(c *call) (any, *apiError) {
	ofIntent, ofCharge := c.params.Get("payment_intent"), c.params.Get("charge")
	return c.page("refund", s.ledger.refundIDs, func(id string) (int64, bool) {
		re := s.ledger.refunds[id]
		return re.Created, (ofIntent == "" || re.Intent == ofIntent) && (ofCharge == "" || re.Charge == ofCharge)
	}, func(id string) any { return s.refundView(c, s.ledger.refunds[id]) })
}
