package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// webhook hears from Stripe, at least once and in any order. What it says is only a reason to look: the outcome is asked
// for under the attempt's own name, so repeats and forgeries of content change nothing.
func (s *server) webhook(w http.ResponseWriter, r *http.Request) error {
	raw, err := api.Body(w, r)
	if err != nil {
		return err
	}
	e, err := webhook.ConstructEventWithOptions(raw, r.Header.Get("Stripe-Signature"), s.webhookSecret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil {
		return fault.New(fault.Invalid, "The signature is not Stripe's")
	}
	ctx, cancel := context.WithTimeout(r.Context(), payLimit)
	defer cancel()
	if err := s.onStripe(ctx, e); err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, map[string]bool{"received": true})
}

func (s *server) onStripe(ctx context.Context, e stripe.Event) error {
	var object struct {
		ID       string            `json:"id"`
		Metadata map[string]string `json:"metadata"`
		Refunded bool              `json:"refunded"`
	}
	if e.Data == nil || json.Unmarshal(e.Data.Raw, &object) != nil {
		return fault.New(fault.Invalid, "The event is not one of Stripe's")
	}
	orderID := object.Metadata[orderField]
	if orderID == "" {
		return nil // not of our making
	}
	switch e.Type {
	case stripe.EventTypePaymentIntentSucceeded, stripe.EventTypePaymentIntentPaymentFailed:
		if s.settled.Has(object.Metadata[attemptField]) {
			return nil // no news
		}
		return s.onSettle(ctx, orderID)
	case stripe.EventTypeChargeRefunded:
		if !object.Refunded {
			return nil // a part of it, by hand
		}
		_, err := s.payments.Update(ctx, dapr.ByRepeat, orderID, func(p *payment.Payment) error {
			p.Returned(p.RefundID, s.now())
			return nil
		})
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	}
	return nil
}
