package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestTheFirstResultIsReplayed(t *testing.T) {
	t.Run("a success", func(t *testing.T) {
		a := openAccount(t)
		first, err := a.PaymentIntents.New(payment("pm_card_visa", "order-7-1"))
		require.NoError(t, err)
		assert.Empty(t, first.LastResponse.Header.Get("Idempotent-Replayed"))
		again, err := a.PaymentIntents.New(payment("pm_card_visa", "order-7-1"))
		require.NoError(t, err)
		assert.Equal(t, first.ID, again.ID)
		assert.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
		assert.Equal(t, first.LastResponse.RequestID, again.LastResponse.Header.Get("Original-Request"))
		assert.Len(t, a.ledger(t).Intents, 1)
	})
	t.Run("a decline", func(t *testing.T) {
		a := openAccount(t)
		_, err := a.PaymentIntents.New(payment("pm_card_chargeDeclined", "order-7-1"))
		first := stripeError(t, err)
		_, err = a.PaymentIntents.New(payment("pm_card_chargeDeclined", "order-7-1"))
		again := stripeError(t, err)
		assert.Equal(t, first.PaymentIntent.ID, again.PaymentIntent.ID)
		assert.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
		assert.Len(t, a.ledger(t).Intents, 1)
	})
	t.Run("a refund", func(t *testing.T) {
		a := openAccount(t)
		in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
		require.NoError(t, err)
		first, err := a.Refunds.New(refundOf(in.ID, "refund-7"))
		require.NoError(t, err)
		again, err := a.Refunds.New(refundOf(in.ID, "refund-7"))
		require.NoError(t, err, "and not charge_already_refunded")
		assert.Equal(t, first.ID, again.ID)
	})
}

func TestAKeyIsForOneCallOnly(t *testing.T) {
	a := openAccount(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", "k"))
	require.NoError(t, err)

	other := payment("pm_card_visa", "k")
	other.Amount = stripe.Int64(2001)
	_, err = a.PaymentIntents.New(other)
	e := stripeError(t, err)
	assert.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorTypeIdempotency, e.Type)
	assert.Equal(t, "Keys for idempotent requests can only be used with the same parameters they were first used with. "+
		"Try using a key other than 'k' if you meant to execute a different request.", e.Msg)

	_, err = a.Refunds.New(refundOf(in.ID, "k"))
	assert.Contains(t, stripeError(t, err).Msg, "the same endpoint they were first used for ('/v1/refunds' vs '/v1/payment_intents')")
	assert.Len(t, a.ledger(t).Intents, 1)
}

func TestAKeyWhoseCallIsStillRunningIsInUse(t *testing.T) {
	a := openAccount(t)
	require.Equal(t, http.StatusCreated, a.script(t, `{"path":"/v1/payment_intents","delay":"400ms"}`))
	var running sync.WaitGroup
	running.Go(func() {
		_, err := a.PaymentIntents.New(payment("pm_card_visa", "k"))
		assert.NoError(t, err)
	})
	require.Eventually(t, func() bool { return len(a.ledger(t).Intents) == 1 }, 5*time.Second, time.Millisecond,
		"the charge is made, only its answer is late")
	_, err := a.PaymentIntents.New(payment("pm_card_visa", "k"))
	e := stripeError(t, err)
	assert.Equal(t, http.StatusConflict, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorCodeIdempotencyKeyInUse, e.Code)
	_, err = a.PaymentIntents.New(payment("pm_card_visa", "another"))
	assert.NoError(t, err, "a late answer holds up nobody else")
	running.Wait()
	_, err = a.PaymentIntents.New(payment("pm_card_visa", "k"))
	assert.NoError(t, err)
	assert.Len(t, a.ledger(t).Intents, 2)
}

func TestManyCallsAtOnceUnderOneKeyChargeOnce(t *testing.T) {
	a := openAccount(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := a.PaymentIntents.New(payment("pm_card_visa", "k"))
			var e *stripe.Error
			if assert.True(t, err == nil || assert.ErrorAs(t, err, &e)) && err != nil {
				assert.Equal(t, stripe.ErrorCodeIdempotencyKeyInUse, e.Code)
			}
		})
	}
	all.Wait()
	assert.Len(t, a.ledger(t).Intents, 1)
}

func TestParametersThatAreRefusedDoNotUseUpTheKey(t *testing.T) {
	a := openAccount(t)
	bad := payment("pm_card_visa", "k")
	bad.Amount = nil
	_, err := a.PaymentIntents.New(bad)
	assert.Equal(t, stripe.ErrorCodeParameterMissing, stripeError(t, err).Code)
	_, err = a.PaymentIntents.New(payment("pm_card_visa", "k"))
	assert.NoError(t, err)
}
