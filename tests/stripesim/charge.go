package main

import (
	"net/http"
	"net/url"
)

// charge is one attempt to take the money of an intent.
type charge struct {
	ID             string            `json:"id"`
	Intent         string            `json:"payment_intent"`
	Amount         int64             `json:"amount"`
	AmountRefunded int64             `json:"amount_refunded"`
	Currency       string            `json:"currency"`
	Status         string            `json:"status"` // pending, succeeded or failed
	Created        int64             `json:"created"`
	Card           string            `json:"card"`
	PaymentMethod  string            `json:"payment_method"`
	Metadata       map[string]string `json:"metadata"`
	Description    string            `json:"description,omitempty"`
	ReceiptEmail   string            `json:"receipt_email,omitempty"`
	FailureCode    string            `json:"failure_code,omitempty"`
	DeclineCode    string            `json:"decline_code,omitempty"`
	FailureMessage string            `json:"failure_message,omitempty"`
	Disputed       bool              `json:"disputed,omitempty"`
}

// pay gives the intent the card that the call names, and charges it when the call confirms.
// A declined card changes the ledger too: then the intent is in c.entry, and in the error.
func (s *simulator) pay(c *call, in *intent, confirm bool) *apiError {
	p := c.params
	strict := p.flag("error_on_requires_action")
	strict = p.flag("off_session") || strict
	if p.err != nil {
		return p.err
	}
	name, e := chosenCard(p)
	if e != nil {
		return e
	}
	if name != "" {
		in.Card, in.PaymentMethod, in.Status = name, newID("pm"), "requires_confirmation"
	}
	if back := p.Get("return_url"); back != "" {
		if u, err := url.Parse(back); err != nil || !u.IsAbs() {
			return invalidParam("url_invalid", "return_url", "Not a valid URL")
		}
		in.ReturnURL = back
	}
	if email := p.Get("receipt_email"); email != "" {
		in.ReceiptEmail = email
	}
	switch {
	case !confirm:
		return nil
	case in.Card == "":
		return s.unexpected(c, *in, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "+
			"update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	case in.AllowRedirects == "always" && in.ReturnURL == "":
		return invalidParam("", "return_url", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. "+
			"Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. "+
			"If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "+
			"`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.")
	}
	return s.attempt(c, in, strict)
}

// attempt charges the intent's card. strict declines a card whose bank wants authentication, where
// otherwise the intent waits for it.
func (s *simulator) attempt(c *call, in *intent, strict bool) *apiError {
	used := cards[in.Card]
	if used.challenge && !strict {
		s.challenge(c, in)
		return nil
	}
	ch := s.newCharge(*in)
	switch {
	case used.challenge:
		return s.refuse(c, in, ch, &decline{"authentication_required", "authentication_required", "", needsConsent})
	case used.slow:
		ch.Status = "pending"
		in.Status, in.LatestCharge, in.LastError = "processing", ch.ID, nil
		c.entry.Charges = append(c.entry.Charges, ch)
		s.later(c, in.ID)
		s.announce(c, "payment_intent.processing", s.intentView(nil, *in), nil)
		return nil
	}
	return s.conclude(c, in, ch)
}

func (s *simulator) newCharge(in intent) charge {
	return charge{ID: newID("ch"), Intent: in.ID, Amount: in.Amount, Currency: in.Currency, Created: s.now().Unix(),
		Card: in.Card, PaymentMethod: in.PaymentMethod, Metadata: in.Metadata, Description: in.Description, ReceiptEmail: in.ReceiptEmail}
}

// conclude ends the charge as its card does: the money is taken, or refused.
func (s *simulator) conclude(c *call, in *intent, ch charge) *apiError {
	used := cards[ch.Card]
	if used.decline != nil {
		return s.refuse(c, in, ch, used.decline)
	}
	ch.Status = "succeeded"
	in.Status, in.LatestCharge, in.LastError = "succeeded", ch.ID, nil
	c.entry.Charges = append(c.entry.Charges, ch)
	if used.disputed {
		s.later(c, ch.ID)
	}
	s.announce(c, "payment_intent.succeeded", s.intentView(nil, *in), nil)
	return nil
}

// refuse ends the charge with the issuer's no. The intent wants another card from then on.
func (s *simulator) refuse(c *call, in *intent, ch charge, no *decline) *apiError {
	ch.Status, ch.FailureCode, ch.DeclineCode, ch.FailureMessage = "failed", no.code, no.declineCode, no.message
	why := invalid(no.code, no.param, "%s", no.message)
	why.Type, why.status, why.DeclineCode, why.Charge = "card_error", http.StatusPaymentRequired, no.declineCode, ch.ID
	in.LatestCharge = ch.ID
	c.entry.Charges = append(c.entry.Charges, ch)
	return s.fail(c, in, why)
}

// fail takes the card from the intent and says why, to the caller and in the intent.
func (s *simulator) fail(c *call, in *intent, why *apiError) *apiError {
	why.PaymentMethod = methodView(*in)
	last := *why
	in.Status, in.LastError, in.Card, in.PaymentMethod = "requires_payment_method", &last, "", ""
	c.entry.Intents = append(c.entry.Intents, *in)
	why.PaymentIntent = s.intentView(nil, *in)
	s.announce(c, "payment_intent.payment_failed", why.PaymentIntent, nil)
	return why
}

func (s *simulator) showCharge(c *call) (any, *apiError) {
	id := c.r.PathValue("id")
	ch, ok := s.ledger.charges[id]
	if !ok {
		return nil, missing(http.StatusNotFound, "charge", id, "id")
	}
	return s.chargeView(c, ch), nil
}
