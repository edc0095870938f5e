package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
	"marketplace/shared/service"
)

// keyed is an order with an Idempotency-Key.
func keyed(ctx context.Context, ticketID, key string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/orders", strings.NewReader(`{"ticketId":"`+ticketID+`"}`))
	r.Header.Set(service.IdempotencyKey, key)
	return r
}

// An order with a key is answered as it was, whatever became of it; without one the buyer finds the order that he has.
func TestAnOrderWithAKeyIsAnsweredAsBefore(t *testing.T) {
	m := newMarket()
	m.offers(t, "T", "T2")
	first := m.as(t, "ann", keyed(t.Context(), "T", "k"), "web")
	require.Equal(t, 201, first.Code, "%s", first.Body)
	var o shown
	require.NoError(t, json.Unmarshal(first.Body.Bytes(), &o))
	m.gives(t, "ann", o)
	again := replica(m).as(t, "ann", keyed(t.Context(), "T", "k"), "web")
	assert.Equal(t, 201, again.Code, "%s", again.Body)
	assert.Equal(t, first.Body.String(), again.Body.String())
	assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	other := m.as(t, "ann", keyed(t.Context(), "T2", "k"), "web")
	assert.Equal(t, 409, other.Code)
	assert.Contains(t, other.Body.String(), `"idempotency_key_reused"`)

	taken := m.as(t, "bob", keyed(t.Context(), "T", "k"), "web")
	assert.Equal(t, 201, taken.Code, "another's key is another key: %s", taken.Body)
	refused := m.as(t, "carl", keyed(t.Context(), "T", "k"), "web")
	require.Equal(t, "Ticket is already reserved", says(refused))
	require.NoError(t, json.Unmarshal(taken.Body.Bytes(), &o))
	m.gives(t, "bob", o)
	assert.Equal(t, refused.Body.String(), m.as(t, "carl", keyed(t.Context(), "T", "k"), "web").Body.String(), "what was refused stays refused under its key")
	m.places(t, "carl", "T")
}

// A replica dies at any call of an order with a key: asked again, another places the order that the first was about to
// place, and no other.
func TestAnOrderWithAKeyInterruptedAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 14 {
			t.Run(fmt.Sprint(calls, " ", effective), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMarket()
					m.offers(t, "T")
					m.sidecar.DieAfter(calls, effective)
					ctx, cancel := context.WithTimeout(t.Context(), service.Quick)
					defer cancel()
					first := m.as(t, "ann", keyed(ctx, "T", "k"), "web")
					m.sidecar.Revive()
					m.clock = m.clock.Add(time.Minute)
					other := replica(m)
					again := other.as(t, "ann", keyed(t.Context(), "T", "k"), "web")
					require.Equal(t, 201, again.Code, "%s", again.Body)
					if first.Code == 201 {
						assert.Equal(t, first.Body.String(), again.Body.String())
					}
					var mine []events.Order
					require.NoError(t, json.Unmarshal(other.ask(t, "ann", "GET", "/api/orders", "").Body.Bytes(), &mine))
					assert.Len(t, mine, 1)
				})
			})
		}
	}
}

// One buyer asks two replicas for one ticket under one key, all at once: one order, and nobody hears of another.
func TestOrdersWithOneKeyAtOnce(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	replicas := []*market{m, replica(m)}
	var mu sync.Mutex
	var all sync.WaitGroup
	bodies := map[string]bool{}
	for i := range 20 {
		all.Go(func() {
			w := replicas[i%2].serve(t, "ann", keyed(t.Context(), "T", "k"), "web")
			mu.Lock()
			defer mu.Unlock()
			if w.Code == 201 {
				bodies[w.Body.String()] = true
			} else {
				assert.Contains(t, w.Body.String(), `"idempotency_in_progress"`)
			}
		})
	}
	all.Wait()
	assert.Len(t, bodies, 1)
}
