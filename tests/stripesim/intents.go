package main

import (
	"cmp"
	"net/http"
	"strings"
)

// intent is a PaymentIntent as the ledger keeps it.
type intent struct {
	ID             string            `json:"id"`
	Amount         int64             `json:"amount"` // in the smallest unit
	Currency       string            `json:"currency"`
	Status         string            `json:"status"`
	Created        int64             `json:"created"`
	Metadata       map[string]string `json:"metadata"`
	Description    string            `json:"description,omitempty"`
	Card           string            `json:"card,omitempty"`           // a name in cards
	PaymentMethod  string            `json:"payment_method,omitempty"` // the id made for it
	Types          []string          `json:"payment_method_types"`
	AllowRedirects string            `json:"allow_redirects,omitempty"` // of automatic payment methods; empty when they are off
	ReturnURL      string            `json:"return_url,omitempty"`
	ReceiptEmail   string            `json:"receipt_email,omitempty"`
	Descriptor     string            `json:"statement_descriptor_suffix,omitempty"`
	CaptureMethod  string            `json:"capture_method"`
	ActionURL      string            `json:"action_url,omitempty"` // where its owner authenticates, or did the last time
	LatestCharge   string            `json:"latest_charge,omitempty"`
	LastError      *apiError         `json:"last_payment_error,omitempty"`
	CanceledAt     int64             `json:"canceled_at,omitempty"`
	CancelReason   string            `json:"cancellation_reason,omitempty"`
}

// createIntent makes a PaymentIntent, and charges the card at once when told to confirm.
func (s *simulator) createIntent(c *call) (any, *apiError) {
	p := c.params
	p.require("amount", "currency")
	in := intent{
		ID: newID("pi"), Amount: p.integer("amount"), Currency: strings.ToLower(p.Get("currency")), Created: s.now().Unix(),
		Metadata: p.metadata(), Description: p.Get("description"), Types: p.list("payment_method_types"),
		Descriptor:    p.Get("statement_descriptor_suffix"),
		CaptureMethod: cmp.Or(p.oneOf("capture_method", "automatic", "automatic_async"), "automatic"),
		Status:        "requires_payment_method",
	}
	redirects := p.oneOf("automatic_payment_methods[allow_redirects]", "always", "never")
	automatic := p.flag("automatic_payment_methods[enabled]")
	if p.Has("automatic_payment_methods[allow_redirects]") {
		p.require("automatic_payment_methods[enabled]")
	}
	switch {
	case automatic && len(in.Types) > 0:
		p.fail(invalidParam("", "payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	case len(in.Types) == 0: // Stripe's default since 2023-08-16
		in.Types, in.AllowRedirects = []string{"card"}, cmp.Or(redirects, "always")
	}
	for _, kind := range in.Types {
		if kind != "card" {
			p.fail(invalidParam("", "payment_method_types", "stripesim: the payment method type %q is not simulated", kind))
		}
	}
	confirm := p.flag("confirm")
	if p.flag("error_on_requires_action") && !confirm {
		p.fail(invalidParam("", "error_on_requires_action", "The parameter `error_on_requires_action` can only be used with `confirm=true`."))
	}
	if p.err != nil {
		return nil, p.err
	}
	if e := checkAmount(in.Amount, in.Currency); e != nil {
		return nil, e
	}
	if e := s.pay(c, &in, confirm); e != nil {
		return nil, e
	}
	c.entry.Intents = append(c.entry.Intents, in)
	return s.intentView(c, in), nil
}

// confirmIntent charges the card of an intent that has not been charged, or that was declined.
func (s *simulator) confirmIntent(c *call) (any, *apiError) {
	in, e := s.findIntent(c)
	if e != nil {
		return nil, e
	}
	if in.Status == "succeeded" || in.Status == "canceled" || in.Status == "processing" {
		why := "it has a status of " + in.Status + ". Only a PaymentIntent with one of the following statuses may be confirmed: " +
			"requires_confirmation, requires_action."
		if in.Status == "succeeded" {
			why = "it has already succeeded after being previously confirmed."
		}
		return nil, s.unexpected(c, in, "You cannot confirm this PaymentIntent because "+why)
	}
	if e := s.pay(c, &in, true); e != nil {
		return nil, e
	}
	c.entry.Intents = append(c.entry.Intents, in)
	return s.intentView(c, in), nil
}

// cancelIntent ends an intent that has not been charged; from then on it cannot be. One that is processing may be
// charged already: Stripe cancels those in rare cases, we never do.
func (s *simulator) cancelIntent(c *call) (any, *apiError) {
	reason := c.params.oneOf("cancellation_reason", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if c.params.err != nil {
		return nil, c.params.err
	}
	in, e := s.findIntent(c)
	if e != nil {
		return nil, e
	}
	if in.Status == "succeeded" || in.Status == "canceled" || in.Status == "processing" {
		return nil, s.unexpected(c, in, "You cannot cancel this PaymentIntent because it has a status of "+in.Status+
			". Only a PaymentIntent with one of the following statuses may be canceled: "+
			"requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.")
	}
	in.Status, in.CanceledAt, in.CancelReason = "canceled", s.now().Unix(), reason
	c.entry.Intents = append(c.entry.Intents, in)
	s.announce(c, "payment_intent.canceled", s.intentView(nil, in), nil)
	return s.intentView(c, in), nil
}

func (s *simulator) showIntent(c *call) (any, *apiError) {
	in, e := s.findIntent(c)
	if e != nil {
		return nil, e
	}
	return s.intentView(c, in), nil
}

func (s *simulator) listIntents(c *call) (any, *apiError) {
	return c.page("payment_intent", s.ledger.intentIDs, func(id string) (int64, bool) {
		in, ok := s.ledger.intents[id]
		return in.Created, ok
	}, func(id string) any { return s.intentView(c, s.ledger.intents[id]) })
}

func (s *simulator) findIntent(c *call) (intent, *apiError) {
	id := c.r.PathValue("id")
	in, ok := s.ledger.intents[id]
	if !ok {
		return intent{}, missing(http.StatusNotFound, "payment_intent", id, "intent")
	}
	return in, nil
}

func (s *simulator) unexpected(c *call, in intent, message string) *apiError {
	e := invalid("payment_intent_unexpected_state", "", "%s", message)
	if _, kept := s.ledger.intents[in.ID]; kept { // and not one that is only being made
		e.PaymentIntent = s.intentView(nil, in)
	}
	return e
}
