package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// webhook hears from Stripe, at least once and in any order. What it says is only a reason to look: what happened is
// asked for, so repeats, old news and forgeries of content change nothing.
func (s *server) webhook(w http.ResponseWriter, r *http.Request) error {
	raw, err := api.Body(w, r)
	if err != nil {
		return err
	}
	e, err := webhook.ConstructEventWithOptions(raw, r.Header.Get("Stripe-Signature"), s.webhookSecret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil {
		return fault.New(fault.Invalid, "The signature is not Stripe's").Named(fault.SignatureInvalid)
	}
	ctx, cancel := context.WithTimeout(r.Context(), payLimit)
	defer cancel()
	if err := s.onStripe(ctx, e); err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, map[string]bool{"received": true})
}

// object is what an event of Stripe's is about: a payment intent, a charge, a refund or a dispute.
type object struct {
	ID       string            `json:"id"`
	Intent   string            `json:"payment_intent"` // empty in an intent itself
	Metadata map[string]string `json:"metadata"`
}

func (s *server) onStripe(ctx context.Context, e stripe.Event) error {
	var o object
	if e.Data == nil || json.Unmarshal(e.Data.Raw, &o) != nil {
		return fault.New(fault.Invalid, "The event is not one of Stripe's")
	}
	switch e.Type {
	case stripe.EventTypePaymentIntentSucceeded, stripe.EventTypePaymentIntentPaymentFailed, stripe.EventTypePaymentIntentCanceled:
		if o.Metadata[orderField] == "" || s.settled.Has(o.Metadata[attemptField]) {
			return nil // not of our making, or no news
		}
		return s.onIntent(ctx, o, e.Type == stripe.EventTypePaymentIntentSucceeded)
	case stripe.EventTypeChargeRefunded, stripe.EventTypeChargeRefundUpdated, stripe.EventTypeRefundUpdated, eventTypeRefundFailed:
		return s.onMoneyBack(ctx, o)
	case stripe.EventTypeChargeDisputeCreated:
		in, err := s.look(ctx, o.Intent)
		if err != nil || in.OrderID == "" {
			return err
		}
		return s.needsPerson(ctx, payment.Disputed, in.OrderID, in.ID, o.ID, "The card's owner disputes the charge "+in.ID)
	}
	return nil
}

const eventTypeRefundFailed = "refund.failed" // newer than the client library

// onIntent settles the attempt that Stripe tells of. A charge that the payment does not stand for goes back: its attempt had
// been given up.
func (s *server) onIntent(ctx context.Context, o object, succeeded bool) error {
	p, err := s.payments.Announce(ctx, o.Metadata[orderField])
	if fault.KindOf(err) == fault.NotFound {
		return s.needsPerson(ctx, payment.Unknown, o.Metadata[orderField], o.ID, o.ID, "Stripe tells of "+o.ID+", which is for no payment we know")
	}
	if err != nil {
		return err
	}
	if p.Status == payment.Pending && o.Metadata[attemptField] == p.ChargeKey() {
		_, err = s.settle(ctx, p)
		return err
	}
	if !succeeded || p.Took(o.ID) {
		return nil
	}
	in, err := s.look(ctx, o.ID)
	if err != nil || in.State != charged || in.OrderID != p.OrderID {
		return err
	}
	return s.sendBack(ctx, p.OrderID, in.ID)
}

// onMoneyBack hears that a charge, or a part of it, went back or did not arrive.
func (s *server) onMoneyBack(ctx context.Context, o object) error {
	in, err := s.look(ctx, o.Intent)
	if err != nil || in.OrderID == "" {
		return err
	}
	p, err := s.payments.Announce(ctx, in.OrderID)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err == nil && p.Status == payment.Pending {
		p, err = s.settle(ctx, p) // its charge may be the one
	}
	switch {
	case err != nil:
		return err
	case p.StripeID == in.ID:
		return s.review(ctx, p)
	}
	made, err := s.cards.Refunded(ctx, in.ID) // of an attempt that was given up
	if err == nil && made.State == failed {
		return s.needsPerson(ctx, payment.Stray, p.OrderID, in.ID, in.ID+" "+made.ID,
			"The charge "+in.ID+" of an attempt that was given up does not go back: "+made.Reason)
	}
	if err != nil && !errors.Is(err, errNone) {
		return fault.Down(err, "Please try again in a moment")
	}
	return nil
}

// look asks for an intent that an event named; the zero intent for one that does not exist.
func (s *server) look(ctx context.Context, id string) (intent, error) {
	if id == "" {
		return intent{}, nil
	}
	in, err := s.cards.Look(ctx, id)
	if e := stripeError(err); e != nil && e.HTTPStatusCode == http.StatusNotFound {
		return intent{}, nil
	}
	if err != nil {
		return intent{}, fault.Down(err, "Please try again in a moment")
	}
	return in, nil
}
