package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestACardThatSucceedsIsChargedAtOnce(t *testing.T) {
	for _, card := range []string{"visa", "visa_debit", "mastercard", "amex", "discover"} {
		for form, call := range map[string]*stripe.PaymentIntentParams{
			"payment method": payment("pm_card_"+card, ""), "token": tokenPayment("tok_"+card, ""),
		} {
			t.Run(card+" as "+form, func(t *testing.T) {
				a := openAccount(t)
				in, err := a.PaymentIntents.New(call)
				require.NoError(t, err)
				assert.Equal(t, stripe.PaymentIntentStatusSucceeded, in.Status)
				assert.EqualValues(t, 2000, in.Amount)
				assert.EqualValues(t, 2000, in.AmountReceived)
				assert.Equal(t, "7", in.Metadata["order_id"])
				assert.False(t, in.Livemode)
				require.NotNil(t, in.LatestCharge)
				assert.True(t, in.LatestCharge.Paid, "latest_charge was expanded")
				assert.Equal(t, in.ID, in.LatestCharge.PaymentIntent.ID)

				again, err := a.PaymentIntents.Get(in.ID, nil)
				require.NoError(t, err)
				assert.Equal(t, in.Status, again.Status)
				ch, err := a.Charges.Get(in.LatestCharge.ID, nil)
				require.NoError(t, err)
				assert.EqualValues(t, 2000, ch.AmountCaptured)

				books := a.ledger(t)
				require.Len(t, books.Intents, 1)
				assert.True(t, books.Intents[0].Charged)
				assert.Zero(t, books.Intents[0].AmountRefunded)
			})
		}
	}
}

func TestACardThatDeclines(t *testing.T) {
	const plain = "Your card was declined."
	for _, c := range []struct {
		card, code, declineCode, message string
	}{
		{"chargeDeclined", "card_declined", "generic_decline", plain},
		{"visa_chargeDeclined", "card_declined", "generic_decline", plain}, // Stripe's newer name of the same card
		{"chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "Your card has insufficient funds."},
		{"visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "Your card has insufficient funds."},
		{"chargeDeclinedLostCard", "card_declined", "lost_card", plain},
		{"chargeDeclinedStolenCard", "card_declined", "stolen_card", plain},
		{"chargeDeclinedFraudulent", "card_declined", "fraudulent", plain},
		{"chargeDeclinedExpiredCard", "expired_card", "", "Your card has expired."},
		{"chargeDeclinedIncorrectCvc", "incorrect_cvc", "", "Your card's security code is incorrect."},
		{"chargeDeclinedProcessingError", "processing_error", "",
			"An error occurred while processing your card. Try again in a little bit."},
		{"authenticationRequired", "authentication_required", "authentication_required",
			"Your card was declined. This transaction requires authentication."}, // because of error_on_requires_action
		{"threeDSecure2Required", "authentication_required", "authentication_required",
			"Your card was declined. This transaction requires authentication."},
	} {
		for form, call := range map[string]*stripe.PaymentIntentParams{
			"payment method": payment("pm_card_"+c.card, ""), "token": tokenPayment("tok_"+c.card, ""),
		} {
			t.Run(c.card+" as "+form, func(t *testing.T) {
				a := openAccount(t)
				_, err := a.PaymentIntents.New(call)
				e := stripeError(t, err)
				assert.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
				assert.Equal(t, stripe.ErrorTypeCard, e.Type)
				assert.EqualValues(t, c.code, e.Code)
				assert.EqualValues(t, c.declineCode, e.DeclineCode)
				assert.Equal(t, c.message, e.Msg)
				require.NotNil(t, e.PaymentIntent)
				assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)
				require.NotNil(t, e.PaymentIntent.LastPaymentError)
				assert.EqualValues(t, c.code, e.PaymentIntent.LastPaymentError.Code)

				ch, err := a.Charges.Get(e.ChargeID, nil)
				require.NoError(t, err)
				assert.Equal(t, stripe.ChargeStatusFailed, ch.Status)
				assert.False(t, ch.Paid)
				assert.False(t, a.ledger(t).Intents[0].Charged)
			})
		}
	}
}

func TestADeclinedIntentIsConfirmedWithAnotherCard(t *testing.T) {
	a := openAccount(t)
	_, err := a.PaymentIntents.New(payment("pm_card_chargeDeclined", ""))
	declined := stripeError(t, err).PaymentIntent

	_, err = a.PaymentIntents.Confirm(declined.ID, nil)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code, "the declined card is gone")

	in, err := a.PaymentIntents.Confirm(declined.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, in.Status)
	assert.Nil(t, in.LastPaymentError)

	_, err = a.PaymentIntents.Confirm(in.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	e := stripeError(t, err)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, e.Code, "never charged twice")
	assert.Equal(t, in.ID, e.PaymentIntent.ID)
	assert.Len(t, a.ledger(t).Intents[0].Charges, 2, "the declined one and the one that took the money")
}

func TestCancel(t *testing.T) {
	a := openAccount(t)
	call := payment("pm_card_visa", "")
	call.Confirm, call.ErrorOnRequiresAction = nil, nil
	in, err := a.PaymentIntents.New(call)
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresConfirmation, in.Status)

	in, err = a.PaymentIntents.Cancel(in.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusCanceled, in.Status)
	assert.NotZero(t, in.CanceledAt)

	_, err = a.PaymentIntents.Confirm(in.ID, nil)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code, "a canceled intent is never charged")
	_, err = a.PaymentIntents.Cancel(in.ID, nil)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code)
}

func TestTheListIsNewestFirstAndPaged(t *testing.T) {
	a := openAccount(t)
	var made []string
	for range 5 {
		in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
		require.NoError(t, err)
		made = append([]string{in.ID}, made...)
	}
	list := a.PaymentIntents.List(&stripe.PaymentIntentListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2)}})
	var got []string
	for list.Next() { // stripe-go fetches page after page
		got = append(got, list.PaymentIntent().ID)
	}
	require.NoError(t, list.Err())
	assert.Equal(t, made, got)

	list = a.PaymentIntents.List(&stripe.PaymentIntentListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2), EndingBefore: stripe.String(made[4])}})
	got = nil
	for list.Next() { // and backwards
		got = append([]string{list.PaymentIntent().ID}, got...)
	}
	require.NoError(t, list.Err())
	assert.Equal(t, made[:4], got)

	between := a.PaymentIntents.List(&stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: 1, LesserThanOrEqual: 2}})
	assert.False(t, between.Next())
	assert.NoError(t, between.Err())
	later := a.PaymentIntents.List(&stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThan: 99999999999}})
	assert.False(t, later.Next())
	assert.NoError(t, later.Err())
}

func TestBadCallsAreRefusedAsStripeRefusesThem(t *testing.T) {
	const rest = "&currency=usd&confirm=true&payment_method=pm_card_visa&payment_method_types[]=card"
	for _, c := range []struct {
		name, path, form   string
		status             int
		code, param, wants string
	}{
		{"no amount", "/v1/payment_intents", rest[1:], 400, "parameter_missing", "amount", "Missing required param: amount."},
		{"an empty amount", "/v1/payment_intents", "amount=" + rest, 400, "parameter_invalid_empty", "amount", "You passed an empty string"},
		{"cents with a point", "/v1/payment_intents", "amount=20.5" + rest, 400, "parameter_invalid_integer", "amount", "Invalid integer: 20.5"},
		{"a negative amount", "/v1/payment_intents", "amount=-1" + rest, 400, "parameter_invalid_integer", "amount", "greater than or equal to 1"},
		{"below the minimum", "/v1/payment_intents", "amount=49" + rest, 400, "amount_too_small", "amount", "Amount must be at least $0.50 usd"},
		{"above the maximum", "/v1/payment_intents", "amount=100000000" + rest, 400, "amount_too_large", "amount", "no more than $999,999.99"},
		{"no such currency", "/v1/payment_intents", "amount=100&currency=zzz", 400, "", "currency", "Invalid currency: zzz"},
		{"a parameter nobody knows", "/v1/payment_intents", "amount=100&colour=red" + rest, 400, "parameter_unknown", "colour",
			"Received unknown parameter: colour"},
		{"a field that is no reference", "/v1/payment_intents", "amount=100&expand[]=amount" + rest, 400, "", "expand", "cannot be expanded"},
		{"no such payment method", "/v1/payment_intents", "amount=100&currency=usd&payment_method=pm_x", 400, "resource_missing",
			"payment_method", "No such PaymentMethod: 'pm_x'"},
		{"a token where a method belongs", "/v1/payment_intents", "amount=100&currency=usd&payment_method=tok_visa", 400, "resource_missing",
			"payment_method", "No such PaymentMethod: 'tok_visa'"},
		{"no such token", "/v1/payment_intents",
			"amount=100&currency=usd&payment_method_data[type]=card&payment_method_data[card][token]=tok_x", 400, "resource_missing",
			"payment_method_data[card][token]", "No such token: 'tok_x'"},
		{"redirects possible and nowhere to return to", "/v1/payment_intents",
			"amount=100&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true", 400, "", "return_url",
			"you must provide a `return_url`"},
		{"nothing to confirm with", "/v1/payment_intents", "amount=100&currency=usd&confirm=true&payment_method_types[]=card", 400,
			"payment_intent_unexpected_state", "", "missing a payment method"},
		{"confirm an intent that is not there", "/v1/payment_intents/pi_x/confirm", "", 404, "resource_missing", "intent",
			"No such payment_intent: 'pi_x'"},
		{"a refund of nothing", "/v1/refunds", "amount=100", 400, "parameter_missing", "payment_intent", "One of the following params"},
		{"a refund of an intent that is not there", "/v1/refunds", "payment_intent=pi_x", 400, "resource_missing", "payment_intent",
			"No such payment_intent: 'pi_x'"},
		{"a URL that Stripe does not have", "/v1/unicorns", "", 404, "", "", "Unrecognized request URL (POST: /v1/unicorns)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := openAccount(t)
			status, _, body := a.post(t, c.path, "", c.form)
			e, ok := body["error"].(map[string]any)
			require.True(t, ok, body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, "invalid_request_error", e["type"])
			assert.Contains(t, e["message"], c.wants)
			if c.code != "" {
				assert.Equal(t, c.code, e["code"])
			}
			if c.param != "" {
				assert.Equal(t, c.param, e["param"])
			}
			assert.Empty(t, a.ledger(t).Intents)
		})
	}
}

func TestOnlyTheHolderOfTheKeyMayCall(t *testing.T) {
	a := openAccount(t)
	for key, message := range map[string]string{
		"":                      "You did not provide an API key.",
		"sk_test_wrong12345678": "Invalid API Key provided: sk_test_*********5678",
	} {
		_, err := stripeClient(a.url, key).PaymentIntents.New(payment("pm_card_visa", ""))
		e := stripeError(t, err)
		assert.Equal(t, http.StatusUnauthorized, e.HTTPStatusCode)
		assert.Equal(t, stripe.ErrorTypeInvalidRequest, e.Type)
		assert.Contains(t, e.Msg, message)
	}
	assert.Empty(t, a.ledger(t).Intents)
}
