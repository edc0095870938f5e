package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// asks is somebody's request through the table of routes; names that begin with ol are operators'.
func (w *world) asks(user, method, path, body string) *httptest.ResponseRecorder {
	ctx, cancel := w.alive()
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if user != "" {
		signed := httptest.NewRecorder()
		_, err := session.NewIssuer(signingKey, false, w.now).Open(signed, session.User{ID: user, Email: user + "@example.com", Verified: true, Operator: strings.HasPrefix(user, "ol")}, 0)
		require.NoError(w.t, err)
		r.AddCookie(signed.Result().Cookies()[0])
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("dapr-api-token", "token")
	answer := httptest.NewRecorder()
	w.routes(service.Settings{Token: "token"}, nil).ServeHTTP(answer, r)
	return answer
}

func (w *world) casesOf(query string) (all []shownCase) {
	w.t.Helper()
	got := w.asks("olga", "GET", "/api/payments/cases"+query, "")
	require.Equal(w.t, 200, got.Code, "%s", got.Body)
	require.NoError(w.t, json.Unmarshal(got.Body.Bytes(), &all))
	return all
}

// unreturnedYet is a world in which bob's money ought to go back and the card network does not send it.
func unreturnedYet(t *testing.T) (*world, *stripeIntent) {
	w, charge := bought(t)
	in := w.network.get(charge)
	in.refunded = &refund{ID: "re_first", State: failed, Reason: "the account is closed"}
	w.missed = true
	w.settleDown()
	require.Equal(t, payment.Refunding, w.saved().Status)
	return w, in
}

const theCase = "/api/payments/cases/refund-" + theOrder

// Only operators see what needs a person, and do something about it.
func TestCasesAreForOperators(t *testing.T) {
	w, _ := unreturnedYet(t)
	for _, user := range []string{"", "bob", "eve"} {
		for _, path := range []string{"GET /api/payments/cases", "POST " + theCase + "/look", "POST " + theCase + "/done"} {
			method, path, _ := strings.Cut(path, " ")
			assert.Equal(t, 401, w.asks(user, method, path, `{"words":"x"}`).Code, "%s %s %s", user, method, path)
		}
	}
	assert.Len(t, w.casesOf("")[0].Notes, 1)
	for _, bad := range []string{"?state=x", "?limit=0", "?cursor=x", "?colour=red"} {
		assert.Equal(t, 400, w.asks("olga", "GET", "/api/payments/cases"+bad, "").Code, bad)
	}
	for _, bad := range []string{`{}`, `{"words":" "}`, `{"words":7}`, `{"words":"x","by":"eve"}`, `{"words":"` + strings.Repeat("x", 501) + `"}`} {
		assert.Equal(t, 400, w.asks("olga", "POST", theCase+"/done", bad).Code, bad)
	}
	for _, none := range []string{"refund-T-2", "nosuch"} {
		assert.Equal(t, 404, w.asks("olga", "POST", "/api/payments/cases/"+none+"/look", "").Code, none)
		assert.Equal(t, 404, w.asks("olga", "POST", "/api/payments/cases/"+none+"/done", `{"words":"x"}`).Code, none)
	}
}

// Money that does not go back is looked at again, by name, until it does; everybody hears of it then.
func TestARefundThatFailedIsLookedAtAgain(t *testing.T) {
	w, in := unreturnedYet(t)
	all := w.casesOf("")
	require.Len(t, all, 1)
	assert.Equal(t, shownCase{ID: "refund-" + theOrder, OrderID: theOrder, Kind: payment.Refund, Reason: "the account is closed", Since: all[0].Since,
		StripeID: in.ID, Status: payment.Refunding, Amount: 1999, Currency: "usd", Notes: []shownNote{{At: all[0].Since, What: payment.Told, Words: "the account is closed"}}}, all[0])

	w.cards = unreturned{w.cards.(*networkOf)}
	require.Equal(t, 200, w.asks("olga", "POST", theCase+"/look", "").Code)
	assert.Equal(t, payment.Refunding, w.saved().Status)
	last := w.casesOf("")[0].Notes
	assert.Contains(t, last[len(last)-1].Words, "It has not gone back: the account is closed")

	w.start()
	require.Equal(t, 200, w.asks("oleg", "POST", theCase+"/look", "").Code)
	assert.Equal(t, returned, in.refunded.State)
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.Empty(t, w.casesOf(""))
	settled := w.casesOf("?state=settled")
	require.Len(t, settled, 1)
	var by []string
	for _, n := range settled[0].Notes {
		by = append(by, n.By+" "+string(n.What))
	}
	assert.Equal(t, []string{" told", "olga looked", " found", "oleg looked", " found", " settled"}, by)
	assert.Equal(t, 400, w.asks("olga", "POST", theCase+"/look", "").Code, "there is nothing left to look at")
	assert.Equal(t, 400, w.asks("olga", "POST", theCase+"/done", `{"words":"x"}`).Code)
	w.settleDown()
	assert.Equal(t, sale.Refunded, w.order().Status)
	assert.Equal(t, 1, w.network.refunds)
}

// Money that is on its way is watched as at first.
func TestARefundThatTakesItsTimeIsWatched(t *testing.T) {
	w, in := unreturnedYet(t)
	in.refunded = &refund{ID: "re_slow", State: underWay}
	require.Equal(t, 200, w.asks("olga", "POST", theCase+"/look", "").Code)
	assert.True(t, func() bool { p := w.saved(); return p.Returning() }())
	require.Len(t, w.casesOf(""), 1, "not yet")
	in.refunded.State = returned
	w.settleDown()
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.Empty(t, w.casesOf(""), "by itself")
	assert.Len(t, w.casesOf("?state=settled"), 1)
}

// Done by hand is done once, with who and how; it means that the buyer has his money. It opens again for another failure only.
func TestDoneByHand(t *testing.T) {
	w, charge := unreturnedYet(t)
	require.Equal(t, 200, w.asks("olga", "POST", theCase+"/done", `{"words":" By bank transfer "}`).Code)
	require.Equal(t, 200, w.asks("olga", "POST", theCase+"/done", `{"words":"By bank transfer"}`).Code, "twice")
	assert.Equal(t, 400, w.asks("oleg", "POST", theCase+"/done", `{"words":"Otherwise"}`).Code)
	require.NoError(t, w.hear(eventTypeRefundFailed, "re_first", charge.ID), "old news")
	w.settleDown()
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.Equal(t, sale.Refunded, w.order().Status)
	settled := w.casesOf("?state=settled")
	require.Len(t, settled, 1)
	assert.Equal(t, []string{"told", "done", "settled"}, []string{string(settled[0].Notes[0].What), string(settled[0].Notes[1].What), string(settled[0].Notes[2].What)})
	assert.Equal(t, "By bank transfer", settled[0].Notes[1].Words)
}

// Killed at any call of what an operator does: pressed again it is done, once, and the list says who did it.
func TestOperatorsActionsKilledAnywhere(t *testing.T) {
	for name, press := range map[string]func(w *world) *httptest.ResponseRecorder{
		"look": func(w *world) *httptest.ResponseRecorder { return w.asks("olga", "POST", theCase+"/look", "") },
		"done": func(w *world) *httptest.ResponseRecorder {
			return w.asks("olga", "POST", theCase+"/done", `{"words":"By hand"}`)
		},
	} {
		for _, effective := range []bool{false, true} {
			for calls := range 20 {
				t.Run(fmt.Sprint(name, calls, effective), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w, in := unreturnedYet(t)
						w.start()
						w.left, w.effective = calls, effective
						press(w)
						w.start()
						if len(w.casesOf("")) > 0 { // what is still there is pressed again
							require.Equal(t, 200, press(w).Code)
						}
						w.settleDown()
						assert.Empty(t, w.casesOf(""))
						assert.Equal(t, payment.Refunded, w.saved().Status)
						assert.Equal(t, sale.Refunded, w.order().Status)
						assert.True(t, w.announced(2))
						if name == "look" {
							assert.Equal(t, returned, in.refunded.State)
							assert.Equal(t, 1, w.network.refunds)
						}
						settled := w.casesOf("?state=settled")
						require.Len(t, settled, 1)
						assert.True(t, func() bool {
							for _, n := range settled[0].Notes {
								if n.By == "olga" {
									return true
								}
							}
							return false
						}(), "who it was")
					})
				})
			}
		}
	}
}

// What Stripe tells of: a dispute and a charge for nothing that we know. Each is one case however often it is told.
func TestWhatStripeTellsOf(t *testing.T) {
	w, charge := bought(t)
	for range 2 {
		require.NoError(t, w.hear(stripe.EventTypeChargeDisputeCreated, "dp_1", charge))
	}
	all := w.casesOf("")
	require.Len(t, all, 1)
	assert.Equal(t, payment.Disputed, all[0].Kind)
	path := "/api/payments/cases/disputed-" + theOrder
	require.Equal(t, 200, w.asks("olga", "POST", path+"/look", "").Code)
	require.Len(t, w.casesOf(""), 1, "nothing went back")
	require.Equal(t, 200, w.asks("olga", "POST", path+"/done", `{"words":"We answered it"}`).Code)
	assert.Equal(t, payment.Succeeded, w.saved().Status, "which moves no money")
	require.NoError(t, w.hear(stripe.EventTypeChargeDisputeCreated, "dp_1", charge))
	assert.Empty(t, w.casesOf(""), "told once more")
	require.NoError(t, w.hear(stripe.EventTypeChargeDisputeCreated, "dp_2", charge))
	assert.Len(t, w.casesOf(""), 1, "another one")

	w.network.intents["other"] = &stripeIntent{intent: intent{ID: "pi_other", OrderID: "T-9", State: charged}}
	told := object{ID: "pi_other", Metadata: map[string]string{orderField: "T-9", attemptField: "charge-T-9-1"}}
	require.NoError(t, w.onIntent(t.Context(), told, true))
	require.NoError(t, w.onIntent(t.Context(), object{ID: "pi_x", Metadata: map[string]string{orderField: "../T-1 || "}}, true), "no name that a case could have")
	all = w.casesOf("")
	require.Len(t, all, 2)
	assert.Equal(t, payment.Unknown, all[0].Kind)
	assert.Zero(t, all[0].Amount)
	require.Equal(t, 200, w.asks("olga", "POST", "/api/payments/cases/unknown-T-9/look", "").Code)
	assert.Len(t, w.casesOf(""), 2, "it is charged")
	w.network.intents["other"].State = declined
	require.Equal(t, 200, w.asks("olga", "POST", "/api/payments/cases/unknown-T-9/look", "").Code)
	assert.Len(t, w.casesOf(""), 1)
}

// An attempt of which the card network says nothing for long is a case, and none any more once it has said.
func TestAPaymentWithoutAnEnd(t *testing.T) {
	w := newWorld(t)
	network := &late{cards: w.cards, unheard: true}
	w.cards = network
	_, err := w.press("visa", "")
	require.Error(t, err)
	for range 400 {
		w.ring()
		w.at = w.at.Add(20 * time.Second)
	}
	all := w.casesOf("")
	require.Len(t, all, 1)
	assert.Equal(t, payment.Open, all[0].Kind)
	require.Equal(t, 200, w.asks("olga", "POST", "/api/payments/cases/open-"+theOrder+"/look", "").Code)
	require.Len(t, w.casesOf(""), 1, "still nothing")
	network.unheard = false
	got := w.asks("olga", "POST", "/api/payments/cases/open-"+theOrder+"/look", "")
	require.Equal(t, http.StatusOK, got.Code, "%s", got.Body)
	assert.Empty(t, w.casesOf(""))
	w.settleDown()
	sound(t, w)
}

// A case that is opened again when two hundred others have come is one, and the latest.
func TestACaseThatIsOpenedAgainLate(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.needsPerson(t.Context(), payment.Disputed, "T0-1", "pi", "dp_1", "x"))
	for i := range 210 {
		require.NoError(t, w.open.Add(t.Context(), allCases, fmt.Sprintf("open-none-%d", i)))
	}
	require.NoError(t, w.needsPerson(t.Context(), payment.Disputed, "T0-1", "pi", "dp_2", "x"))
	assert.Len(t, w.casesOf(""), 1)
}

// Pages of cases hold each once, the latest first.
func TestPagesOfCases(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		require.NoError(t, w.needsPerson(t.Context(), payment.Disputed, fmt.Sprintf("T%d-1", i), "pi", "dp", "x"))
	}
	require.NoError(t, w.open.Add(t.Context(), allCases, "open-T9-1"), "which names nothing")
	require.Equal(t, 200, w.asks("olga", "POST", "/api/payments/cases/disputed-T3-1/done", `{"words":"x"}`).Code)
	var ids []string
	for next := "/api/payments/cases?limit=2"; next != ""; {
		got := w.asks("olga", "GET", next, "")
		require.Equal(t, 200, got.Code)
		var page []shownCase
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &page))
		for _, c := range page {
			ids = append(ids, c.OrderID)
		}
		next = ""
		if link := got.Header().Get("Link"); link != "" {
			next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		}
	}
	assert.Equal(t, []string{"T6-1", "T5-1", "T4-1", "T2-1", "T1-1", "T0-1"}, ids)
}
