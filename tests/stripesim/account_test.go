package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

const secretKey = "sk_test_simulated1234"

// account is a running simulator, and stripe-go unchanged as its client.
type account struct {
	*client.API
	url  string
	conf config
	stop func()
}

func openAccount(t *testing.T) *account {
	return openAccountWith(t, config{})
}

func openAccountWith(t *testing.T, conf config) *account {
	t.Helper()
	conf.SecretKey = secretKey
	if conf.Data == "" {
		conf.Data = t.TempDir()
	}
	sim, err := newSimulator(conf, time.Now, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewServer(sim.routes())
	stopped := false
	a := &account{API: stripeClient(server.URL, secretKey), url: server.URL, conf: conf, stop: func() {
		if !stopped {
			stopped = true
			server.Close()
			require.NoError(t, sim.close())
		}
	}}
	t.Cleanup(a.stop)
	return a
}

// restart stops the simulator and starts it anew on the same ledger.
func (a *account) restart(t *testing.T) *account {
	t.Helper()
	a.stop()
	return openAccountWith(t, a.conf)
}

// stripeClient never asks again by itself, so that a test sees every answer.
func stripeClient(url, key string) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(url),
		MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:        &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}},
	})
	return client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
}

// payment is a call as our payments service makes it: 20 dollars for an order, charged at once.
func payment(method, key string) *stripe.PaymentIntentParams {
	p := &stripe.PaymentIntentParams{
		Amount:                stripe.Int64(2000),
		Currency:              stripe.String("usd"),
		Confirm:               stripe.Bool(true),
		PaymentMethod:         stripe.String(method),
		ErrorOnRequiresAction: stripe.Bool(true),
		Description:           stripe.String("Order 7"),
		PaymentMethodTypes:    stripe.StringSlice([]string{"card"}),
	}
	p.AddMetadata("order_id", "7")
	p.AddExpand("latest_charge")
	if key != "" {
		p.SetIdempotencyKey(key)
	}
	return p
}

// tokenPayment pays with a card token; stripe-go v76 has no field for it.
func tokenPayment(token, key string) *stripe.PaymentIntentParams {
	p := payment("", key)
	p.PaymentMethod = nil
	p.PaymentMethodData = &stripe.PaymentIntentPaymentMethodDataParams{Type: stripe.String("card")}
	p.AddExtra("payment_method_data[card][token]", token)
	return p
}

func refundOf(intent, key string) *stripe.RefundParams {
	p := &stripe.RefundParams{PaymentIntent: stripe.String(intent), Reason: stripe.String("requested_by_customer")}
	p.AddMetadata("order_id", "7")
	if key != "" {
		p.SetIdempotencyKey(key)
	}
	return p
}

// stripeError is the error as stripe-go hands it out.
func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	require.ErrorAs(t, err, &e)
	return e
}

// post sends a form past stripe-go, which cannot be made to send nonsense.
func (a *account) post(t *testing.T, path, key, form string) (int, http.Header, map[string]any) {
	t.Helper()
	return ask(t, a.url, http.MethodPost, path, key, form)
}

func ask(t *testing.T, url, method, path, key, form string) (int, http.Header, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, url+path, bytes.NewBufferString(form))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+secretKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(body, &v), string(body))
	return answer.StatusCode, answer.Header, v
}

type shownLedger struct {
	Intents     []booked
	Undelivered int
	Later       int
}

func (a *account) ledger(t *testing.T) shownLedger {
	t.Helper()
	answer, err := http.Get(a.url + "/_simulator/ledger")
	require.NoError(t, err)
	defer answer.Body.Close()
	var l shownLedger
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&l))
	return l
}

// script adds a fault, and tells how it was answered.
func (a *account) script(t *testing.T, fault string) int {
	t.Helper()
	answer, err := http.Post(a.url+"/_simulator/faults", "application/json", bytes.NewBufferString(fault))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

func decoded(t *testing.T, body []byte) (v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(body, &v), string(body))
	return v
}
