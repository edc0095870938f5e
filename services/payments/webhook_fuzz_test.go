package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/fault"
	"marketplace/shared/recent"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// oneCharge is a card network that knows of one charge, and must not be asked to do anything.
type oneCharge struct{ t *testing.T }

func (c oneCharge) Charge(context.Context, payment.Payment) (intent, error) {
	c.t.Fatal("charged")
	return intent{}, nil
}

func (c oneCharge) Cancel(context.Context, string) (intent, error) {
	c.t.Fatal("cancelled")
	return intent{}, nil
}

func (c oneCharge) Refund(context.Context, string, string, int) (refund, error) {
	c.t.Fatal("refunded")
	return refund{}, nil
}

func (c oneCharge) Find(ctx context.Context, p payment.Payment) (intent, error) {
	return c.Look(ctx, p.StripeID)
}

func (c oneCharge) Look(_ context.Context, id string) (intent, error) {
	if id != "pi_1" {
		return intent{}, &stripe.Error{HTTPStatusCode: http.StatusNotFound}
	}
	return intent{ID: id, OrderID: "T-1", State: charged}, nil
}

func (c oneCharge) Refunded(context.Context, string) (refund, error) { return refund{}, errNone }

// paid is the service with one payment, made: for the order T-1.
func paid(t *testing.T) *server {
	sidecar := &daprtest.Sidecar{}
	log := slog.New(slog.DiscardHandler)
	outbox := dapr.NewOutbox("payments", sidecar, sidecar, now, log)
	s := &server{payments: dapr.NewAnnounced("payment", sidecar, outbox, announce), cases: dapr.NewCollection[payment.Case]("case", sidecar), open: dapr.NewList("cases", sidecar), cards: oneCharge{t}, timers: sidecar, outbox: outbox, settled: recent.New(10), webhookSecret: "whsec_test", currency: "usd", now: now, log: log}
	paid := payment.Payment{ID: "p", OrderID: "T-1", UserID: "bob", Amount: 1999, Currency: "usd", Status: payment.Succeeded, Version: 1, Attempt: 1, Token: "tok_visa", StripeID: "pi_1"}
	if err := s.payments.Create(t.Context(), dapr.ByRepeat, "T-1", paid); err != nil {
		t.Fatal(err)
	}
	return s
}

// What is not signed by Stripe is refused. What is signed may be anything, and is only a reason to look: nothing changes that
// Stripe does not say when it is asked.
func FuzzWebhook(f *testing.F) {
	for _, seed := range []string{
		`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","metadata":{"order_id":"T-1"}}}}`,
		`{"id":"evt_2","object":"event","type":"payment_intent.payment_failed","data":{"object":{"id":"pi_1","metadata":{"order_id":"T-1"}}}}`,
		`{"id":"evt_3","object":"event","type":"charge.refunded","data":{"object":{"id":"ch_1","refunded":true,"payment_intent":"pi_1","metadata":{"order_id":"T-1"}}}}`,
		`{"id":"evt_4","object":"event","type":"charge.refunded","data":{"object":{"id":"ch_1","refunded":false,"metadata":{"order_id":"T-1"}}}}`,
		`{"id":"evt_5","object":"event","type":"charge.refunded","data":{"object":{"refunded":true,"metadata":{"order_id":"nosuch"}}}}`,
		`{"id":"evt_6","object":"event","type":"charge.refunded","data":{"object":{"refunded":true,"metadata":{"order_id":"../T-1\u0000||"}}}}`,
		`{"id":"evt_7","object":"event","type":"refund.failed","data":{"object":{"id":"re_1","status":"failed","payment_intent":"pi_1"}}}`,
		`{"id":"evt_8","object":"event","type":"charge.dispute.created","data":{"object":{"id":"dp_1","payment_intent":"pi_1"}}}`,
		`{"id":"evt_9","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_2","metadata":{"order_id":"T-1"}}}}`,
		`{"type":"payment_intent.succeeded","data":{}}`, `{"type":"payment_intent.succeeded"}`, `{"type":"x","data":{"object":[]}}`, `{"type":1}`, `{"data":{"object":{"metadata":{"order_id":1}}}}`, `{}`, `null`, `[]`, ``, `{`, "\xff", `{"data":null}`,
	} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), "t=1767323045,v1=00")
	}
	f.Add([]byte(`{}`), "t=,v1=")
	f.Add([]byte(`{}`), "t=9999999999999999999,v1=zz,v0=00,,=")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		s := paid(t)
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/api/payments/webhook", bytes.NewReader(body))
		r.Header.Set("Stripe-Signature", signature)
		err := s.webhook(w, r)
		if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
			t.Fatalf("%q signed %q: %v", body, signature, err)
		}
		if p, err := s.payments.Get(t.Context(), "T-1"); err != nil || p.Status != payment.Succeeded {
			t.Fatalf("%q signed %q made it %+v, %v", body, signature, p, err)
		}
		if len(body) > api.BodyLimit {
			return
		}

		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: s.webhookSecret, Timestamp: time.Now()})
		r = httptest.NewRequest("POST", "/api/payments/webhook", bytes.NewReader(body))
		r.Header.Set("Stripe-Signature", signed.Header)
		if err := s.webhook(w, r); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%q: %v is no refusal", body, err)
		}
		p, err := s.payments.Get(t.Context(), "T-1")
		if err != nil || p.Status != payment.Succeeded || p.Amount != 1999 || p.UserID != "bob" {
			t.Fatalf("%q made it %+v, %v", body, p, err)
		}
	})
}
