package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func orderOf(status, reason string) string {
	return `{"id":"T1-O1","version":1,"status":"` + status + `","userId":"ann","reason":"` + reason + `","placedAt":"2026-03-01T11:55:00.000Z",
		"expiresAt":"2026-03-01T12:10:00.000Z","ticket":{"id":"T1","title":"Aida","price":19.99,"version":0}}`
}

func TestAnOrderIsShownAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		order, payment string
		says           []string
	}{
		"nobody has paid":     {orderOf("created", ""), "", []string{"Checkout", "10:00", "No real money moves here", "1 Mar 2026, 12:10 UTC"}},
		"a card was declined": {orderOf("awaiting:payment", ""), `{"status":"declined","reason":"Your card has expired."}`, []string{"Checkout", "A card was refused: Your card has expired.", `role="alert" tabindex="-1" autofocus><p>Your card has expired.</p>`, "Nothing was charged. You can try again"}},
		"the bank waits, but not as long as the ticket is held": {orderOf("awaiting:payment", ""),
			`{"status":"pending","action":{"url":"https://bank.example/1","until":"2026-03-01T12:04:00.000Z"}}`,
			[]string{"04:00", "Answer your bank by", "1 Mar 2026, 12:04 UTC"}},
		"the bank wants to confirm": {orderOf("awaiting:payment", ""), `{"status":"pending","action":{"url":"https://bank.example/1?a=b&c=d"}}`,
			[]string{"Your bank wants to confirm that it is you", `href="https://bank.example/1?a=b&amp;c=d"`, "10:00", "Use another card", `value="pm_card_visa"`}},
		"the bank has not answered yet":         {orderOf("awaiting:payment", ""), `{"status":"pending"}`, []string{"Please do not pay again", `http-equiv="refresh"`}},
		"charged, and orders does not know yet": {orderOf("awaiting:payment", ""), `{"status":"succeeded"}`, []string{"Your ticket is being made out"}},
		"paid": {strings.Replace(orderOf("complete", ""), "{", `{"code":"ABCDEFGHIJKLMNOP",`, 1), `{"status":"succeeded"}`,
			[]string{"It is yours", "Proof of purchase", "ABCD EFGH IJKL MNOP", "<svg"}},
		"paid after another card was refused": {orderOf("complete", ""), `{"status":"succeeded","begunAt":"2026-03-01T12:05:00.000Z","earlier":[{"reason":"Your card has expired.","begunAt":"2026-03-01T12:01:00.000Z"}]}`,
			[]string{"It is yours", "A card was refused: Your card has expired.", "1 Mar 2026, 12:01 UTC", "Your card was charged", "1 Mar 2026, 12:05 UTC"}},
		"paid, before there were codes":   {orderOf("complete", ""), `{"status":"succeeded"}`, []string{"It is yours"}},
		"expired":                         {orderOf("cancelled", "expired"), "", []string{"Time ran out", "Nothing was charged"}},
		"given back":                      {orderOf("cancelled", "cancelled by the buyer"), "", []string{"You gave it back"}},
		"paid too late, money on its way": {orderOf("cancelled", "expired"), `{"status":"refunding"}`, []string{"on its way back to your card"}},
		"paid too late, money returned": {orderOf("cancelled", "expired"), `{"status":"refunded","refundedAt":"2026-03-01T12:11:00.000Z"}`,
			[]string{"It was returned", "1 Mar 2026, 12:11 UTC", "Your money was returned"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{"GET /api/orders/T1-O1": c.order}
			if c.payment != "" {
				answers["GET /api/payments/T1-O1"] = c.payment
			}
			s, ann := newSite(t, answers)
			got := get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann)
			assert.Equal(t, http.StatusOK, got.Code)
			for _, text := range c.says {
				assert.Contains(t, got.Body.String(), text)
			}
			for _, text := range []string{"Admit", "at the door", fours("T1-O1")} { // promises that no venue keeps
				assert.NotContains(t, got.Body.String(), text)
			}
		})
	}
}

func TestOnlyAnAddressIsMadeALinkToTheBank(t *testing.T) {
	s, ann := newSite(t, map[string]string{"GET /api/orders/T1-O1": orderOf("awaiting:payment", ""),
		"GET /api/payments/T1-O1": `{"status":"pending","action":{"url":"javascript:alert(1)"}}`})
	got := get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann)
	assert.Contains(t, got.Body.String(), "Your bank wants to confirm")
	assert.NotContains(t, got.Body.String(), "javascript:")
	assert.NotContains(t, got.Body.String(), `http-equiv="refresh"`, "the visitor is busy at his bank")
}

func TestOnlyStripeGetsIntoTheCheckout(t *testing.T) {
	s, ann := newSite(t, map[string]string{"GET /api/orders/T1-O1": orderOf("created", "")})
	s.stripe = "pk_test_1"
	got := get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann)
	assert.Contains(t, got.Body.String(), `<script src="https://js.stripe.com/v3/" defer></script>`)
	assert.Contains(t, got.Body.String(), `data-stripe="pk_test_1"`)
	assert.NotContains(t, got.Body.String(), "test card")
	assert.Equal(t, policyWithStripe, got.Header().Get("Content-Security-Policy"))
	assert.NotContains(t, policyWithStripe, "unsafe")

	s, ann = newSite(t, map[string]string{"GET /api/orders/T1-O1": orderOf("complete", "")})
	s.stripe = "pk_test_1"
	got = get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann)
	assert.NotContains(t, got.Body.String(), "js.stripe.com", "nothing is left to pay")
}

func TestStrangersAreSentToSignIn(t *testing.T) {
	s, _ := newSite(t, nil)
	for path, p := range map[string]page{"/orders/T1-O1": s.order, "/orders": s.orders, "/sell": s.sellForm, "/selling": s.selling} {
		got := get(t, s.page(p), path, "T1-O1")
		assert.Equal(t, http.StatusSeeOther, got.Code, path)
		assert.Contains(t, got.Header().Get("Location"), "/signin?next=%2F", path)
	}
}
