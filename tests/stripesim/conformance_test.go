package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

// stripe-mock is Stripe's own: it holds calls against the published OpenAPI description of the API, and
// answers with objects made from it. It remembers nothing, which is why it cannot stand in for Stripe here.
const stripeMock = "github.com/stripe/stripe-mock@v0.203.0"

// startStripeMock runs the binary in /.tools/bin, built there at its first use.
func startStripeMock(t *testing.T) (url string) {
	t.Helper()
	tools, err := filepath.Abs("../../.tools/bin")
	require.NoError(t, err)
	program := filepath.Join(tools, "stripe-mock")
	if _, err := os.Stat(program); errors.Is(err, os.ErrNotExist) {
		build := exec.Command("go", "install", stripeMock)
		build.Env = append(os.Environ(), "GOBIN="+tools)
		build.Dir = t.TempDir() // outside of our module
		if said, err := build.CombinedOutput(); err != nil {
			t.Skipf("stripe-mock cannot be built here: %v: %s", err, said)
		}
	}
	address := freeAddress(t)
	mock := exec.Command(program, "-http-addr", address)
	require.NoError(t, mock.Start())
	t.Cleanup(func() {
		_ = mock.Process.Kill()
		_ = mock.Wait()
	})
	url = "http://" + address
	require.Eventually(t, func() bool {
		answer, err := http.Get(url + "/v1/charges")
		return err == nil && answer.Body.Close() == nil // a 401, for want of a key
	}, 30*time.Second, 50*time.Millisecond)
	return url
}

// What the payments service and its checkers may count on in each object. A refund has no livemode at Stripe.
var required = map[string][]string{
	"payment_intent": {"id", "object", "amount", "amount_received", "currency", "status", "metadata", "created", "livemode",
		"latest_charge", "last_payment_error", "client_secret", "payment_method", "payment_method_types", "description"},
	"charge": {"id", "object", "amount", "amount_captured", "amount_refunded", "currency", "status", "metadata", "created", "livemode",
		"paid", "captured", "refunded", "disputed", "payment_intent", "billing_details", "failure_code", "failure_message", "outcome"},
	"list":   {"object", "data", "has_more", "url"},
	"refund": {"id", "object", "amount", "currency", "status", "metadata", "created", "charge", "payment_intent", "reason"},
}

// Every call our payments service makes is made to both through stripe-go; both accept it, and what the
// simulator answers is of the form that Stripe publishes.
func TestTheSimulatorAnswersInStripesPublishedForm(t *testing.T) {
	mock := startStripeMock(t)
	a := openAccount(t)

	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	re, err := a.Refunds.New(refundOf(in.ID, ""))
	require.NoError(t, err)
	open := payment("pm_card_visa", "")
	open.Confirm, open.ErrorOnRequiresAction = nil, nil
	unpaid := func() string {
		in, err := a.PaymentIntents.New(open)
		require.NoError(t, err)
		return in.ID
	}
	automatic := payment("pm_card_visa", "")
	automatic.PaymentMethodTypes = nil
	automatic.AutomaticPaymentMethods = &stripe.PaymentIntentAutomaticPaymentMethodsParams{
		Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never")}
	challenged := payment("pm_card_authenticationRequired", "")
	challenged.ErrorOnRequiresAction, challenged.ReturnURL = nil, stripe.String(shop)

	for name, do := range map[string]func(api *client.API) (*stripe.APIResponse, error){
		"pay with a payment method": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.New(payment("pm_card_visa", ""))
			return response(in.LastResponse, err)
		},
		"pay with a token": func(api *client.API) (*stripe.APIResponse, error) {
			call := tokenPayment("tok_visa", "")
			if api != a.API { // Stripe's guides have card tokens here; its published description leaves them out
				call = payment("pm_card_visa", "")
			}
			in, err := api.PaymentIntents.New(call)
			return response(in.LastResponse, err)
		},
		"pay with automatic payment methods": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.New(automatic)
			return response(in.LastResponse, err)
		},
		"need authentication": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.New(challenged)
			return response(in.LastResponse, err)
		},
		"be told that it is processing": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.New(payment("pm_card_processing", ""))
			return response(in.LastResponse, err)
		},
		"confirm": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.Confirm(unpaid(), &stripe.PaymentIntentConfirmParams{
				PaymentMethod: stripe.String("pm_card_visa"), ErrorOnRequiresAction: stripe.Bool(true)})
			return response(in.LastResponse, err)
		},
		"cancel": func(api *client.API) (*stripe.APIResponse, error) {
			in, err := api.PaymentIntents.Cancel(unpaid(), &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
			return response(in.LastResponse, err)
		},
		"show an intent and its charge": func(api *client.API) (*stripe.APIResponse, error) {
			p := &stripe.PaymentIntentParams{}
			p.AddExpand("latest_charge")
			in, err := api.PaymentIntents.Get(in.ID, p)
			return response(in.LastResponse, err)
		},
		"show a charge": func(api *client.API) (*stripe.APIResponse, error) {
			ch, err := api.Charges.Get(in.LatestCharge.ID, nil)
			return response(ch.LastResponse, err)
		},
		"refund a part": func(api *client.API) (*stripe.APIResponse, error) {
			paid, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
			require.NoError(t, err)
			p := refundOf(paid.ID, "")
			p.Amount = stripe.Int64(500)
			p.AddExpand("charge")
			re, err := api.Refunds.New(p)
			return response(re.LastResponse, err)
		},
		"show a refund": func(api *client.API) (*stripe.APIResponse, error) {
			re, err := api.Refunds.Get(re.ID, nil)
			return response(re.LastResponse, err)
		},
		"list intents": func(api *client.API) (*stripe.APIResponse, error) {
			p := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: 1}}
			p.Limit = stripe.Int64(3)
			p.AddExpand("data.latest_charge")
			list := api.PaymentIntents.List(p)
			require.True(t, list.Next(), list.Err())
			return response(list.PaymentIntentList().LastResponse, list.Err())
		},
		"list refunds": func(api *client.API) (*stripe.APIResponse, error) {
			list := api.Refunds.List(&stripe.RefundListParams{PaymentIntent: stripe.String(in.ID)})
			require.True(t, list.Next(), list.Err())
			return response(list.RefundList().LastResponse, list.Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			theirs, err := do(stripeClient(mock, secretKey))
			require.NoError(t, err, "stripe-mock refuses the call: %s", name)
			ours, err := do(a.API)
			require.NoError(t, err)
			conforms(t, "answer", decoded(t, ours.RawJSON), decoded(t, theirs.RawJSON))
		})
	}
}

// response lets each row above be one call: err is the call's, and the object has the answer.
func response(r *stripe.APIResponse, err error) (*stripe.APIResponse, error) { return r, err }

// conforms holds every field of our objects against theirs: it is there, with the same JSON type. null fits
// every type. It goes into lists and expanded objects, not into inner ones such as payment_method_details:
// Stripe's samples show only one variant of those.
func conforms(t *testing.T, at string, ours, theirs any) {
	t.Helper()
	if ours == nil || theirs == nil {
		return
	}
	require.Equal(t, fmt.Sprintf("%T", theirs), fmt.Sprintf("%T", ours), at)
	switch ours := ours.(type) {
	case []any:
		if theirs := theirs.([]any); len(theirs) > 0 {
			for i, item := range ours {
				conforms(t, fmt.Sprintf("%s[%d]", at, i), item, theirs[0])
			}
		}
	case map[string]any:
		theirs := theirs.(map[string]any)
		kind, _ := ours["object"].(string)
		assert.Equal(t, theirs["object"], ours["object"], at)
		if _, known := required[kind]; !known {
			return
		}
		for _, field := range required[kind] {
			_, there := ours[field]
			assert.True(t, there, "%s has no %s", at, field)
		}
		for field, value := range ours {
			_, there := theirs[field]
			assert.True(t, there, "Stripe knows no %s.%s", at, field)
			conforms(t, at+"."+field, value, theirs[field])
		}
	}
}

func TestWhatStripeDoesNotKnowIsRefusedByBoth(t *testing.T) {
	mock := startStripeMock(t)
	a := openAccount(t)
	const paid = "currency=usd&confirm=true&payment_method=pm_card_visa&payment_method_types[]=card"
	for _, c := range []struct{ name, path, form string }{
		{"an unknown parameter", "/v1/payment_intents", "amount=100&colour=red&" + paid},
		{"no amount", "/v1/payment_intents", paid},
		{"cents with a point", "/v1/payment_intents", "amount=20.5&" + paid},
		{"an unknown parameter of a refund", "/v1/refunds", "payment_intent=pi_x&colour=red"},
		{"an unknown reason of a refund", "/v1/refunds", "payment_intent=pi_x&reason=whim"},
		{"an unknown reason to cancel", "/v1/payment_intents/pi_x/cancel", "cancellation_reason=whim"},
		{"an unknown parameter of confirm", "/v1/payment_intents/pi_x/confirm", "colour=red"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for server, url := range map[string]string{"stripe-mock": mock, "stripesim": a.url} {
				status, _, body := ask(t, url, http.MethodPost, c.path, "", c.form)
				assert.Equal(t, http.StatusBadRequest, status, "%s: %v", server, body)
			}
		})
	}
	for server, url := range map[string]string{"stripe-mock": mock, "stripesim": a.url} {
		status, _, body := ask(t, url, http.MethodPost, "/v1/unicorns", "", "")
		assert.Equal(t, http.StatusNotFound, status, "%s: %v", server, body)
	}
}

// An event carries the object as the API shows it, and a declined card's error carries the intent.
func TestTheIntentOfADeclineIsOfStripesForm(t *testing.T) {
	mock := startStripeMock(t)
	a := openAccount(t)
	theirs, err := stripeClient(mock, secretKey).PaymentIntents.Get("pi_x", nil)
	require.NoError(t, err)
	_, err = a.PaymentIntents.New(payment("pm_card_chargeDeclined", ""))
	answer := decoded(t, stripeError(t, err).LastResponse.RawJSON).(map[string]any)
	intent := answer["error"].(map[string]any)["payment_intent"]
	require.NotNil(t, intent)
	conforms(t, "error.payment_intent", intent, decoded(t, theirs.LastResponse.RawJSON))
}
