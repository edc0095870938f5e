package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestScriptedFaults(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		wantErr     bool
		status      int  // of the error
		charged     bool // after the first call
		again       bool // whether asking again under the same key gives the success
	}{
		{"late, after the charge", `{"path":"/v1/payment_intents","delay":"50ms"}`, false, 0, true, true},
		{"late, before the charge", `{"path":"/v1/payment_intents","delay":"50ms","before":true}`, false, 0, true, true},
		{"a 500 after the charge is kept", `{"path":"/v1/payment_intents","method":"POST","status":500}`, true, 500, true, false},
		{"a 500 before the charge is kept too", `{"path":"/v1","status":500,"before":true}`, true, 500, false, false},
		{"a 503 after the charge", `{"path":"/v1","status":503}`, true, 503, true, true},
		{"a 503 before the charge", `{"path":"/v1","status":503,"before":true}`, true, 503, false, true},
		{"too many requests", `{"path":"/v1","status":429,"before":true}`, true, 429, false, true},
		{"the connection breaks after the charge", `{"path":"/v1/payment_intents","drop":"after"}`, true, 0, true, true},
		{"the connection breaks before the charge", `{"path":"/v1/payment_intents","drop":"before"}`, true, 0, false, true},
		{"late and then broken", `{"path":"/v1","delay":"50ms","drop":"after"}`, true, 0, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := openAccount(t)
			_, err := a.PaymentIntents.New(payment("pm_card_visa", "warm")) // the fault meets a connection in use
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, a.script(t, c.fault))

			start := time.Now()
			_, err = a.PaymentIntents.New(payment("pm_card_visa", "k"))
			assert.Equal(t, c.wantErr, err != nil)
			if c.status != 0 {
				assert.Equal(t, c.status, stripeError(t, err).HTTPStatusCode)
			}
			if !c.wantErr {
				assert.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
			}
			assert.Equal(t, c.charged, len(a.ledger(t).Intents) == 2, "charged")

			_, err = a.PaymentIntents.New(payment("pm_card_visa", "k"))
			assert.Equal(t, c.again, err == nil, "asked again: %v", err)
			assert.LessOrEqual(t, len(a.ledger(t).Intents), 2, "never charged twice")
		})
	}
}

func TestAFaultMeetsOnlyTheCallsItIsFor(t *testing.T) {
	a := openAccount(t)
	require.Equal(t, http.StatusCreated, a.script(t, `{"path":"/v1/refunds","method":"POST","times":2,"status":503,"before":true}`))
	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	for range 2 {
		_, err = a.Refunds.New(refundOf(in.ID, "k"))
		assert.Equal(t, 503, stripeError(t, err).HTTPStatusCode)
	}
	_, err = a.Refunds.New(refundOf(in.ID, "k"))
	assert.NoError(t, err)

	require.Equal(t, http.StatusCreated, a.script(t, `{"path":"/","times":5,"status":503}`))
	r, err := http.NewRequest(http.MethodDelete, a.url+"/_simulator/faults", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusNoContent, answer.StatusCode)
	_, err = a.PaymentIntents.Get(in.ID, nil)
	assert.NoError(t, err)
}

// stripe-go as it comes asks again by itself; with a stable key that heals a broken connection.
func TestStripeGoHealsABrokenConnection(t *testing.T) {
	a := openAccount(t)
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(a.url),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}})
	a.PaymentIntents.B = backend
	require.Equal(t, http.StatusCreated, a.script(t, `{"path":"/v1/payment_intents","drop":"after"}`))
	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	assert.Equal(t, "true", in.LastResponse.Header.Get("Idempotent-Replayed"))
	assert.Len(t, a.ledger(t).Intents, 1)
}

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	a := openAccount(t)
	for _, fault := range []string{`{}`, `{"delay":"soon"}`, `{"status":200}`, `{"drop":"sometimes"}`, `{"statsu":500}`,
		`{"status":500,"times":-1}`, `{"drop":"after","status":500}`, `no`} {
		assert.Equal(t, http.StatusBadRequest, a.script(t, fault), fault)
	}
}
