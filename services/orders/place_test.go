package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/holding"
	"marketplace/services/orders/sale"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// wants is ask for an order.
func (m *market) wants(t testing.TB, user, ticketID string) *httptest.ResponseRecorder {
	t.Helper()
	return m.ask(t, user, "POST", "/api/orders", `{"ticketId":"`+ticketID+`"}`)
}

// gives is ask for a cancel.
func (m *market) gives(t testing.TB, user string, o shown) {
	t.Helper()
	require.Equal(t, http.StatusNoContent, m.ask(t, user, "DELETE", "/api/orders/"+o.ID, "").Code)
}

// pays lets the news of a payment arrive.
func (m *market) pays(t testing.TB, o shown) {
	t.Helper()
	require.Equal(t, fault.Done, m.hears(t, events.Payment{ID: "P", OrderID: o.ID, StripeID: "pi", Amount: 1000, Currency: "usd"}))
}

// The answer to an order was lost and the buyer asks again: he finds the order that he has.
func TestAnOrderSentTwiceIsOne(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	first := m.places(t, "ann", "T")
	m.clock = m.clock.Add(time.Minute)
	again := m.wants(t, "ann", "T")
	require.Equal(t, http.StatusOK, again.Code, "%s", again.Body)
	var o shown
	require.NoError(t, json.Unmarshal(again.Body.Bytes(), &o))
	assert.Equal(t, first, o)
	var mine []shown
	require.NoError(t, json.Unmarshal(m.ask(t, "ann", "GET", "/api/orders", "").Body.Bytes(), &mine))
	assert.Len(t, mine, 1)
	assert.Len(t, m.sidecar.Published(events.OrdersTopic), 1, "nothing new has happened")
	assert.Equal(t, "Ticket is already reserved", says(m.wants(t, "bob", "T")))
}

// A replica dies at any call of an order, before it or after: asking again gives the buyer the ticket, once.
func TestAnOrderInterruptedAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 8 {
			t.Run(fmt.Sprint(calls, " ", effective), func(t *testing.T) {
				m := newMarket()
				m.offers(t, "T")
				m.sidecar.DieAfter(calls, effective)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				defer cancel()
				r := httptest.NewRequest("POST", "/api/orders", strings.NewReader(`{"ticketId":"T"}`))
				first := m.as(t, "ann", r.WithContext(ctx), "web")
				assert.Contains(t, []int{201, 503}, first.Code)
				m.sidecar.Revive()
				again := m.wants(t, "ann", "T")
				assert.Contains(t, []int{200, 201}, again.Code, "%s", again.Body)
				var mine []shown
				require.NoError(t, json.Unmarshal(m.ask(t, "ann", "GET", "/api/orders", "").Body.Bytes(), &mine))
				assert.Len(t, mine, 1)
			})
		}
	}
}

// One buyer asks two replicas for more tickets than he may hold, all at once: the bound holds.
func TestHoldsOfOneBuyerAreBounded(t *testing.T) {
	m := newMarket()
	replicas := []*market{m, replica(m)}
	var mu sync.Mutex
	var all sync.WaitGroup
	status := map[int]int{}
	for i := range 20 {
		id := fmt.Sprint("T", i)
		m.offers(t, id)
		all.Go(func() {
			r := httptest.NewRequest("POST", "/api/orders", strings.NewReader(`{"ticketId":"`+id+`"}`))
			w := replicas[i%2].serve(t, "ann", r, "web")
			mu.Lock()
			defer mu.Unlock()
			status[w.Code]++
		})
	}
	all.Wait()
	for _, r := range replicas {
		r.outbox.Wait()
	}
	assert.Equal(t, map[int]int{201: 6, 400: 14}, status)
	m.offers(t, "OTHER")
	m.places(t, "bob", "OTHER") // that is no business of others
}

// A place is free again as soon as its order has ended, however it did.
func TestAPlaceIsFreeAgain(t *testing.T) {
	for name, ends := range map[string]func(m *market, o shown){
		"given back": func(m *market, o shown) { m.gives(t, "ann", o) },
		"paid":       func(m *market, o shown) { m.pays(t, o) },
		"expired":    func(m *market, o shown) { m.clock = o.ExpiresAt.Time },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket()
			m.offers(t, "T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7")
			first := m.places(t, "ann", "T0")
			m.clock = m.clock.Add(time.Minute)
			for _, id := range []string{"T1", "T2", "T3", "T4", "T5"} {
				m.places(t, "ann", id)
			}
			refused := m.wants(t, "ann", "T6")
			assert.Equal(t, http.StatusBadRequest, refused.Code)
			assert.Equal(t, "You hold as many unpaid tickets as one buyer may, which is 6. Pay for one or give one back first", says(refused))
			assert.Equal(t, http.StatusOK, m.wants(t, "ann", "T3").Code, "what he has he may ask for")
			ends(m, first)
			m.places(t, "ann", "T6")
			assert.Equal(t, http.StatusBadRequest, m.wants(t, "ann", "T7").Code)
		})
	}
}

// Orders that were noted and never made, for a crash or a lost race, count only while they may be on their way.
func TestOrdersThatWereNeverMade(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	for i := range 6 {
		m.offers(t, fmt.Sprint("T", i))
		require.NoError(t, m.hold(t.Context(), fmt.Sprint("T", i), sale.Order{ID: fmt.Sprintf("T%d-1", i), UserID: "ann"}))
	}
	assert.Equal(t, http.StatusBadRequest, m.wants(t, "ann", "T").Code)
	m.clock = m.clock.Add(holding.OnItsWay)
	m.places(t, "ann", "T")
}

// Whoever tries again and again for a ticket while the broker is away is told so, however often, and holds it afterwards.
func TestTryingWithoutTheBroker(t *testing.T) {
	m := newMarket()
	m.offers(t, "T0", "T1", "T2", "T3", "T4", "T5")
	for i := range 5 {
		m.places(t, "ann", fmt.Sprint("T", i))
	}
	for range 10 {
		m.sidecar.DieAfter(3, false) // the sale and the buyer are read and the hold is noted
		assert.Equal(t, http.StatusServiceUnavailable, m.wants(t, "ann", "T5").Code)
		m.sidecar.Revive()
	}
	m.places(t, "ann", "T5")
}

// Who is at his bound and cannot be looked at is not refused for good.
func TestAtTheBoundWithoutTheStore(t *testing.T) {
	m := newMarket()
	m.offers(t, "T0", "T1", "T2", "T3", "T4", "T5", "T6")
	for i := range 6 {
		m.places(t, "ann", fmt.Sprint("T", i))
	}
	m.sidecar.DieAfter(2, false) // the sale and the buyer are read, then the store is gone
	assert.Equal(t, http.StatusServiceUnavailable, m.wants(t, "ann", "T6").Code)
}

func TestAPauseBeforeTheSameTicketAgain(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	m.gives(t, "ann", m.places(t, "ann", "T"))
	m.clock = m.clock.Add(time.Minute)
	again := m.wants(t, "ann", "T")
	assert.Equal(t, http.StatusTooManyRequests, again.Code)
	assert.Equal(t, "240", again.Header().Get("Retry-After"))
	assert.Equal(t, "You gave this ticket back, and for a while it is there for others. Please wait 4 minutes", says(again))
	m.gives(t, "bob", m.places(t, "bob", "T"))
	m.clock = m.clock.Add(4 * time.Minute)
	m.places(t, "ann", "T")
}

// What proves a purchase is shown to its buyer when he asks for the order, and nowhere else.
func TestTheCodeIsTheBuyersAlone(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	placed := m.wants(t, "ann", "T")
	var o shown
	require.NoError(t, json.Unmarshal(placed.Body.Bytes(), &o))
	code := func() string {
		sl, err := m.sales.Get(t.Context(), "T")
		require.NoError(t, err)
		return sl.Order(o.ID).Code
	}()
	assert.Regexp(t, regexp.MustCompile(`^[A-Z2-7]{16}$`), code)
	seen := map[string]string{"the answer to the order": placed.Body.String()}
	look := func(when string) {
		for _, user := range []string{"ann", "bob", "seller", ""} {
			for _, path := range []string{"/api/orders", "/api/orders/" + o.ID} {
				if user != "ann" || path == "/api/orders" || when != "paid" {
					seen[when+", "+user+", "+path] = m.ask(t, user, "GET", path, "").Body.String()
				}
			}
			seen[when+", "+user+" wants it"] = m.wants(t, user, "T").Body.String()
		}
		checkout := httptest.NewRequest("POST", "/internal/orders/"+o.ID+"/checkout", strings.NewReader(`{"userId":"ann","checkout":"c1"}`))
		seen[when+", payments"] = m.as(t, "", checkout, "payments").Body.String()
		for _, topic := range events.Topics() {
			for _, e := range m.sidecar.Published(topic) {
				seen[when+", "+e.ID] = string(e.Data)
			}
		}
	}
	look("held")
	m.pays(t, o)
	look("paid")
	for where, text := range seen {
		assert.NotContains(t, text, code, where)
	}
	assert.NotContains(t, o.ID, code)
	var mine struct{ Status, Code string }
	require.NoError(t, json.Unmarshal(m.ask(t, "ann", "GET", "/api/orders/"+o.ID, "").Body.Bytes(), &mine))
	assert.Equal(t, "complete", mine.Status)
	assert.Equal(t, code, mine.Code)
	assert.NotEmpty(t, m.sidecar.Published(events.OrdersTopic))
}

// promises is a tickets service that answers as the API does, and no event of it has come yet.
type promises struct{ answer string }

func (p promises) Invoke(_ context.Context, _, _, _ string, _, out any) error {
	return json.Unmarshal([]byte(p.answer), out)
}

// What orders asks tickets for, it reads from what the API promises.
func TestATicketThatNoEventHasToldOf(t *testing.T) {
	m := newMarket()
	m.services = promises{`{"id":"T","version":3,"title":"Aida","price":19.99,"userId":"ann","createdAt":"2026-01-02T03:04:05.000Z"}`}
	assert.Equal(t, "You cannot buy your own ticket", says(m.wants(t, "ann", "T")))
	o := m.places(t, "bob", "T")
	assert.Equal(t, shownTicket{ID: "T", Title: "Aida", Price: 1999, Version: 3}, o.Ticket)
}
