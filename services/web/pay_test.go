package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// till is the API behind a checkout: it notes what it is asked, and answers with the first of what is left for a call, or
// the last.
type till struct {
	answers map[string][]string // by method and path; an answer that is a refusal begins with {"errors"
	asked   []string
	paid    map[string]string // the body of the latest payment
}

func (a *till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + r.URL.Path
	a.asked = append(a.asked, call)
	if r.Method == http.MethodPost {
		a.paid = map[string]string{}
		_ = json.NewDecoder(r.Body).Decode(&a.paid)
	}
	left := a.answers[call]
	switch {
	case len(left) == 0:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errors":[{"message":"Not Found"}]}`))
		return
	case strings.HasPrefix(left[0], `{"errors"`):
		w.WriteHeader(http.StatusBadRequest)
	case strings.Contains(left[0], "requires_action"):
		w.WriteHeader(http.StatusAccepted)
	}
	_, _ = w.Write([]byte(left[0]))
	if len(left) > 1 {
		a.answers[call] = left[1:]
	}
}

func (a *till) open(t *testing.T) (*site, *http.Cookie) {
	s, ann := newSite(t, nil)
	s.api = a
	return s, ann
}

// pays sends the checkout's form.
func pays(t *testing.T, s *site, ann *http.Cookie, token string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/orders/T1-O1/pay", strings.NewReader("token="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetPathValue("id", "T1-O1")
	r.AddCookie(ann)
	w := httptest.NewRecorder()
	s.page(s.pay).ServeHTTP(w, r)
	return w
}

const (
	asksOrder   = "GET /api/orders/T1-O1"
	asksPayment = "GET /api/payments/T1-O1"
	paysFor     = "POST /api/payments"
)

func TestWhoPaysTellsWhereHeCanBeSentBackTo(t *testing.T) {
	for https, want := range map[bool]string{true: "https://example.com/orders/T1-O1", false: "http://example.com/orders/T1-O1"} {
		a := &till{answers: map[string][]string{paysFor: {`{"id":"p"}`}, asksOrder: {orderOf("complete", "")}}}
		s, ann := a.open(t)
		s.https = https
		got := pays(t, s, ann, "pm_card_visa")
		assert.Equal(t, http.StatusSeeOther, got.Code)
		assert.Equal(t, map[string]string{"orderId": "T1-O1", "token": "pm_card_visa", "returnUrl": want}, a.paid)
	}
}

// A form must not lead to another site (form-action in the policy), so the way to the bank is a link on the order's page.
func TestABankThatWantsToConfirmIsShownOnTheOrdersOwnPage(t *testing.T) {
	a := &till{answers: map[string][]string{
		paysFor:   {`{"id":"p","status":"requires_action","action":{"url":"https://bank.example/1"}}`},
		asksOrder: {orderOf("awaiting:payment", "")},
	}}
	s, ann := a.open(t)
	got := pays(t, s, ann, "pm_card_authenticationRequired")
	assert.Equal(t, http.StatusSeeOther, got.Code)
	assert.Equal(t, "/orders/T1-O1", got.Header().Get("Location"))
	assert.Equal(t, []string{paysFor}, a.asked, "there is nothing to wait for")
}

func TestADeclineIsShownWhereAReloadIsHarmless(t *testing.T) {
	const refusal = `{"errors":[{"message":"Your card has expired."}]}`
	for name, c := range map[string]struct {
		order, payment string
		bySelf         bool // the page says it without being told
	}{
		"declined: the order's page says why":  {orderOf("awaiting:payment", ""), `{"status":"declined","reason":"Your card has expired."}`, true},
		"the order is over: its page says so":  {orderOf("cancelled", "expired"), `{"status":"declined","reason":"Your card has expired."}`, true},
		"refused, and nothing else would tell": {orderOf("created", ""), `{"status":"declined","reason":"Your card was declined."}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := &till{answers: map[string][]string{paysFor: {refusal}, asksOrder: {c.order}, asksPayment: {c.payment}}}
			s, ann := a.open(t)
			got := pays(t, s, ann, "pm_card_x")
			assert.Equal(t, http.StatusSeeOther, got.Code)
			assert.Equal(t, "/orders/T1-O1", got.Header().Get("Location"))
			cookies := got.Result().Cookies()
			require.Len(t, cookies, map[bool]int{true: 0, false: 1}[c.bySelf])
			if c.bySelf {
				return
			}
			shown := get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann, cookies[0])
			assert.Equal(t, http.StatusOK, shown.Code)
			assert.Contains(t, shown.Body.String(), "Your card has expired.")
		})
	}
}

func TestComingBackFromTheBankShowsHowItEnded(t *testing.T) {
	const back = "/orders/T1-O1?payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2&redirect_status=succeeded"
	for name, c := range map[string]struct {
		payments []string
		orders   []string
		asked    []string
	}{
		"paid: orders hears of it a moment later": {[]string{`{"status":"succeeded"}`}, []string{orderOf("awaiting:payment", ""), orderOf("complete", "")},
			[]string{asksPayment, asksOrder, asksOrder}},
		"the card network takes a moment": {[]string{`{"status":"pending"}`, `{"status":"succeeded"}`}, []string{orderOf("complete", "")},
			[]string{asksPayment, asksPayment, asksOrder}},
		"refused":                      {[]string{`{"status":"declined","reason":"no"}`}, nil, []string{asksPayment}},
		"back without having answered": {[]string{`{"status":"pending","action":{"url":"https://bank.example/1"}}`}, nil, []string{asksPayment}},
		"the payments are down":        {nil, nil, []string{asksPayment}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &till{answers: map[string][]string{asksPayment: c.payments, asksOrder: c.orders}}
			s, ann := a.open(t)
			got := get(t, s.page(s.order), back, "T1-O1", ann)
			require.Equal(t, http.StatusSeeOther, got.Code)
			assert.Equal(t, "/orders/T1-O1", got.Header().Get("Location"), "without the card network's secrets")
			assert.Equal(t, c.asked, a.asked)
		})
	}
}
