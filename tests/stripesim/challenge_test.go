package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

const shop = "http://shop.example/orders/7?from=till"

// challenged is a payment whose card wants authentication, by a shop that can send its buyer to the bank.
func (a *account) challenged(t *testing.T, card, key string) *stripe.PaymentIntent {
	t.Helper()
	call := payment(card, key)
	call.ErrorOnRequiresAction, call.ReturnURL = nil, stripe.String(shop)
	in, err := a.PaymentIntents.New(call)
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusRequiresAction, in.Status)
	return in
}

// bank opens the bank's page, or gives an answer there, and follows no redirect.
func bank(t *testing.T, method, page, answer string) (status int, location, body string) {
	t.Helper()
	r, err := http.NewRequest(method, page, strings.NewReader(url.Values{"answer": {answer}}.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return got.StatusCode, got.Header.Get("Location"), string(raw)
}

func (a *account) show(t *testing.T, id string) *stripe.PaymentIntent {
	t.Helper()
	in, err := a.PaymentIntents.Get(id, nil)
	require.NoError(t, err)
	return in
}

func backWith(in *stripe.PaymentIntent, status string) string {
	return shop + "&payment_intent=" + in.ID + "&payment_intent_client_secret=" + in.ClientSecret + "&redirect_status=" + status
}

func TestTheBankAsksAndItsCustomerApproves(t *testing.T) {
	for _, card := range []string{"pm_card_authenticationRequired", "pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired"} {
		t.Run(card, func(t *testing.T) {
			rc := newReceiver(t, 0)
			a := rc.open(t)
			in := a.challenged(t, card, "k")
			require.Equal(t, stripe.PaymentIntentNextActionType("redirect_to_url"), in.NextAction.Type)
			assert.Equal(t, shop, in.NextAction.RedirectToURL.ReturnURL)
			assert.NotEmpty(t, in.ClientSecret)
			assert.Nil(t, in.LatestCharge, "nothing was tried yet")
			page := in.NextAction.RedirectToURL.URL

			quiet(t, a)
			a = a.restart(t)
			page = a.url + page[strings.Index(page, "/3d_secure/"):] // httptest gave it another port
			status, _, body := bank(t, http.MethodGet, page, "")
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, body, "$20.00")
			assert.Contains(t, body, "stands in for the bank")
			assert.NotContains(t, body, "<script")
			assert.Equal(t, stripe.PaymentIntentStatusRequiresAction, a.show(t, in.ID).Status, "looking changes nothing")

			for _, answer := range []string{"approve", "approve", "refuse"} {
				status, location, _ := bank(t, http.MethodPost, page, answer)
				assert.Equal(t, http.StatusSeeOther, status)
				assert.Equal(t, backWith(in, "succeeded"), location, "only the first answer counts")
			}
			_, _, body = bank(t, http.MethodGet, page, "")
			assert.Contains(t, body, "You have approved")
			assert.Equal(t, stripe.PaymentIntentStatusSucceeded, a.show(t, in.ID).Status)
			books := a.ledger(t).Intents
			require.Len(t, books, 1)
			assert.Len(t, books[0].Charges, 1)
			assert.True(t, books[0].Charged)

			call := payment(card, "k")
			call.ErrorOnRequiresAction, call.ReturnURL = nil, stripe.String(shop)
			again, err := a.PaymentIntents.New(call)
			require.NoError(t, err)
			assert.Equal(t, stripe.PaymentIntentStatusRequiresAction, again.Status, "the key's answer is replayed as it was")

			quiet(t, a)
			got := rc.events()
			assert.Equal(t, "requires_action", got[stripe.EventTypePaymentIntentRequiresAction].Data.Object["status"])
			assert.Equal(t, "succeeded", got[stripe.EventTypePaymentIntentSucceeded].Data.Object["status"])
			assert.Equal(t, map[string]any{"order_id": "7"}, got[stripe.EventTypePaymentIntentSucceeded].Data.Object["metadata"])
			assert.Equal(t, 2, rc.tried())
		})
	}
}

func TestTheBanksCustomerRefuses(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.open(t)
	in := a.challenged(t, "pm_card_authenticationRequired", "")
	page := in.NextAction.RedirectToURL.URL
	for _, answer := range []string{"refuse", "refuse", "approve"} {
		status, location, _ := bank(t, http.MethodPost, page, answer)
		assert.Equal(t, http.StatusSeeOther, status)
		assert.Equal(t, backWith(in, "failed"), location, "only the first answer counts")
	}
	in = a.show(t, in.ID)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, in.Status)
	require.NotNil(t, in.LastPaymentError)
	assert.Equal(t, stripe.ErrorCodePaymentIntentAuthenticationFailure, in.LastPaymentError.Code)
	assert.Equal(t, stripe.ErrorTypeInvalidRequest, in.LastPaymentError.Type)
	assert.Nil(t, in.NextAction)
	assert.Nil(t, in.LatestCharge, "the card was never charged")
	quiet(t, a)
	failed := rc.events()[stripe.EventTypePaymentIntentPaymentFailed].Data.Object
	assert.Equal(t, "payment_intent_authentication_failure", failed["last_payment_error"].(map[string]any)["code"])

	in, err := a.PaymentIntents.Confirm(in.ID, &stripe.PaymentIntentConfirmParams{
		PaymentMethod: stripe.String("pm_card_authenticationRequired"), ReturnURL: stripe.String(shop)})
	require.NoError(t, err)
	_, _, body := bank(t, http.MethodGet, page, "")
	assert.Contains(t, body, "This payment is over", "the next attempt has a page of its own")
	status, _, _ := bank(t, http.MethodPost, in.NextAction.RedirectToURL.URL, "approve")
	assert.Equal(t, http.StatusSeeOther, status)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, a.show(t, in.ID).Status)
}

func TestAnIntentThatWasCanceledIsOverAtTheBank(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.open(t)
	in := a.challenged(t, "pm_card_authenticationRequired", "")
	_, err := a.PaymentIntents.Cancel(in.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
	require.NoError(t, err)
	for _, answer := range []string{"approve", "refuse"} {
		status, location, body := bank(t, http.MethodPost, in.NextAction.RedirectToURL.URL, answer)
		assert.Equal(t, http.StatusConflict, status)
		assert.Empty(t, location)
		assert.Contains(t, body, "This payment is over")
		assert.Contains(t, body, "http://shop.example/orders/7?from=till&amp;payment_intent=")
	}
	assert.Equal(t, stripe.PaymentIntentStatusCanceled, a.show(t, in.ID).Status)
	assert.False(t, a.ledger(t).Intents[0].Charged)
	quiet(t, a)
	assert.Contains(t, rc.events(), stripe.EventTypePaymentIntentCanceled)
}

func TestApprovedAtTheBankAndDeclinedAllTheSame(t *testing.T) {
	a := openAccount(t)
	in := a.challenged(t, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "")
	_, location, _ := bank(t, http.MethodPost, in.NextAction.RedirectToURL.URL, "approve")
	assert.Equal(t, backWith(in, "failed"), location)
	in = a.show(t, in.ID)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, in.Status)
	assert.EqualValues(t, "insufficient_funds", in.LastPaymentError.DeclineCode)
	assert.NotNil(t, in.LatestCharge)
	assert.False(t, a.ledger(t).Intents[0].Charged)
}

func TestAShopThatNamesNoReturnIsLeftToStripesScript(t *testing.T) {
	a := openAccount(t)
	call := payment("pm_card_authenticationRequired", "")
	call.ErrorOnRequiresAction = nil
	in, err := a.PaymentIntents.New(call)
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentNextActionType("use_stripe_sdk"), in.NextAction.Type)
	assert.Nil(t, in.NextAction.RedirectToURL)

	call.ReturnURL = stripe.String("orders/7")
	_, err = a.PaymentIntents.New(call)
	assert.Equal(t, stripe.ErrorCodeURLInvalid, stripeError(t, err).Code)
}

func TestTheBankKnowsOnlyItsPages(t *testing.T) {
	a := openAccount(t)
	in := a.challenged(t, "pm_card_authenticationRequired", "")
	status, _, _ := bank(t, http.MethodGet, a.url+"/3d_secure/pi_x/src_x", "")
	assert.Equal(t, http.StatusNotFound, status)
	status, _, _ = bank(t, http.MethodPost, a.url+"/3d_secure/pi_x/src_x", "approve")
	assert.Equal(t, http.StatusNotFound, status)
	status, _, _ = bank(t, http.MethodPost, a.url+"/3d_secure/"+in.ID+"/src_x", "approve")
	assert.Equal(t, http.StatusConflict, status)
	status, _, _ = bank(t, http.MethodPost, in.NextAction.RedirectToURL.URL, "perhaps")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresAction, a.show(t, in.ID).Status)
}
