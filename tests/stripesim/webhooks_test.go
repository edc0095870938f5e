package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

const webhookSecret = "whsec_simulated"

// receiver is our end of the webhooks: it verifies as the payments service does, and answers what it is told to.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	refuse   int // this many deliveries with a 500
	attempts int
	got      []stripe.Event
}

func newReceiver(t *testing.T, refuse int) *receiver {
	rc := &receiver{refuse: refuse}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		e, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), webhookSecret)
		assert.NoError(t, err)
		rc.mu.Lock()
		defer rc.mu.Unlock()
		rc.attempts++
		if rc.refuse > 0 {
			rc.refuse--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		rc.got = append(rc.got, e)
	}))
	t.Cleanup(rc.Close)
	return rc
}

func (rc *receiver) events() map[stripe.EventType]stripe.Event {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	byType := map[stripe.EventType]stripe.Event{}
	for _, e := range rc.got {
		byType[e.Type] = e
	}
	return byType
}

func (rc *receiver) tried() int {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.attempts
}

func (rc *receiver) open(t *testing.T) *account {
	return openAccountWith(t, config{WebhookURL: rc.URL, WebhookSecret: webhookSecret})
}

func quiet(t *testing.T, a *account) {
	t.Helper()
	require.Eventually(t, func() bool { return a.ledger(t).Undelivered == 0 }, 5*time.Second, 5*time.Millisecond)
}

func TestWebhooksAreSignedAndTellWhatHappened(t *testing.T) {
	assert.Equal(t, stripe.APIVersion, apiVersion, "or stripe-go refuses every event")
	rc := newReceiver(t, 0)
	a := rc.open(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", "order-7-1"))
	require.NoError(t, err)
	_, err = a.PaymentIntents.New(payment("pm_card_visa", "order-7-1"))
	require.NoError(t, err, "a replay tells nothing new")
	_, err = a.PaymentIntents.New(payment("pm_card_chargeDeclined", ""))
	require.Error(t, err)
	_, err = a.Refunds.New(refundOf(in.ID, ""))
	require.NoError(t, err)
	quiet(t, a)

	got := rc.events()
	assert.Equal(t, 4, rc.tried())
	require.Len(t, got, 4)
	paid := got[stripe.EventTypePaymentIntentSucceeded]
	assert.Equal(t, in.ID, paid.Data.Object["id"])
	assert.Equal(t, map[string]any{"order_id": "7"}, paid.Data.Object["metadata"])
	assert.Equal(t, "order-7-1", paid.Request.IdempotencyKey)
	assert.Equal(t, "requires_payment_method", got[stripe.EventTypePaymentIntentPaymentFailed].Data.Object["status"])
	back := got[stripe.EventTypeChargeRefunded]
	assert.Equal(t, in.ID, back.Data.Object["payment_intent"])
	assert.EqualValues(t, 2000, back.Data.Object["amount_refunded"])
	assert.EqualValues(t, 0, back.Data.PreviousAttributes["amount_refunded"])
	assert.Equal(t, in.ID, got[stripe.EventTypeRefundCreated].Data.Object["payment_intent"])
}

func TestAWebhookIsSentAgainUntilItIsTaken(t *testing.T) {
	rc := newReceiver(t, 2)
	a := rc.open(t)
	_, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err, "whatever the receiver does")
	quiet(t, a)
	assert.Equal(t, 3, rc.tried())
	assert.Len(t, rc.events(), 1)
}

func TestAWebhookNobodyTookIsSentAfterARestart(t *testing.T) {
	rc := newReceiver(t, 3) // as many as a start of the simulator makes here
	a := rc.open(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return rc.tried() == 3 }, 5*time.Second, 5*time.Millisecond)
	assert.Equal(t, 1, a.ledger(t).Undelivered, "given up, not forgotten")

	a = a.restart(t)
	quiet(t, a)
	assert.Equal(t, in.ID, rc.events()[stripe.EventTypePaymentIntentSucceeded].Data.Object["id"])
	assert.Zero(t, a.restart(t).ledger(t).Undelivered, "what was taken is not sent again")
	assert.Equal(t, 4, rc.tried())
}
