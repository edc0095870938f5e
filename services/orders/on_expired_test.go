package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// status is an order's, as its document has it: to ask for it would end it when its time is over.
func (m *market) status(t *testing.T, o shown) sale.Status {
	t.Helper()
	sl, err := m.sales.Get(t.Context(), o.Ticket.ID)
	require.NoError(t, err)
	return sl.Order(o.ID).Status
}

// Our clock is behind the one that rang: the ring is not lost, and no other event waits for it.
func TestAnEarlyRingComesAgain(t *testing.T) {
	for name, early := range map[string]time.Duration{"two seconds": 2 * time.Second, "a quarter of an hour": 15 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			m := newMarket()
			m.offers(t, "T")
			o := m.places(t, "ann", "T")
			ring := events.Expiration{OrderID: o.ID, ExpiresAt: o.ExpiresAt}
			m.clock = o.ExpiresAt.Add(-early)
			require.Equal(t, fault.Done, m.hears(t, ring))
			require.Equal(t, fault.Done, m.hears(t, ring), "delivered twice")
			require.Equal(t, map[string]time.Time{overduePrefix + o.ID: o.ExpiresAt.Time}, m.sidecar.Jobs())

			rings := func() int {
				return m.as(t, "", httptest.NewRequest("POST", "/job/"+overduePrefix+o.ID, nil), "").Code
			}
			assert.Equal(t, 503, rings(), "still early: it is asked for again")
			assert.Equal(t, sale.Created, m.status(t, o))
			m.clock = o.ExpiresAt.Time
			assert.Equal(t, 200, rings())
			assert.Equal(t, sale.Cancelled, m.status(t, o))
			said := m.sidecar.Published(events.OrdersTopic)
			assert.Equal(t, events.OrderCancelled, said[len(said)-1].Type)
			assert.Equal(t, 200, rings(), "once more")
		})
	}
}

// The deadline has moved out for a payment. The timer of the old one rings for nothing: the new one has its own.
func TestARingForADeadlineThatHasMoved(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	o := m.places(t, "ann", "T")
	m.clock = o.ExpiresAt.Add(-time.Second)
	checkout := httptest.NewRequest("POST", "/internal/orders/"+o.ID+"/checkout", strings.NewReader(`{"userId":"ann","checkout":"c1"}`))
	require.Equal(t, 200, m.as(t, "", checkout, "payments").Code)
	m.clock = o.ExpiresAt.Time
	assert.Equal(t, fault.Done, m.hears(t, events.Expiration{OrderID: o.ID, ExpiresAt: o.ExpiresAt}))
	assert.Equal(t, sale.Awaiting, m.status(t, o))
	assert.Empty(t, m.sidecar.Jobs())
	m.clock = m.clock.Add(time.Minute)
	assert.Equal(t, fault.Done, m.hears(t, events.Expiration{OrderID: o.ID, ExpiresAt: clock.At(o.ExpiresAt.Add(59 * time.Second))}))
	assert.Equal(t, sale.Cancelled, m.status(t, o))
}

// Its timer is lost. Tickets, which has heard of no end, has it looked at; two replicas of it, or the same one twice, end it once.
func TestALostTimer(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	o := m.places(t, "ann", "T")
	overdue := func(m *market, id, by string) int {
		return m.as(t, "", httptest.NewRequest("POST", "/internal/orders/"+id+"/overdue", nil), by).Code
	}
	assert.Equal(t, 401, overdue(m, o.ID, "web"), "nobody else may ask")
	m.clock = o.ExpiresAt.Add(-time.Millisecond)
	assert.Equal(t, 409, overdue(m, o.ID, "tickets"), "by our clock it is not over")
	assert.Equal(t, sale.Created, m.status(t, o))
	m.clock = o.ExpiresAt.Time
	for _, r := range []*market{m, replica(m), m} {
		assert.Equal(t, 204, overdue(r, o.ID, "tickets"))
	}
	assert.Equal(t, sale.Cancelled, m.status(t, o))
	ends := map[string]bool{}
	for _, e := range m.sidecar.Published(events.OrdersTopic) {
		if e.Type == events.OrderCancelled {
			ends[e.ID] = true
		}
	}
	assert.Len(t, ends, 1, "told of under one id, however often")

	again := m.places(t, "bob", "T")
	assert.Equal(t, 204, overdue(m, o.ID, "tickets"), "asked once more, long after")
	assert.Equal(t, sale.Created, m.status(t, again), "that is another order")
	assert.Equal(t, 404, overdue(m, "NOSUCH-1", "tickets"))
	assert.Equal(t, 404, overdue(m, "nosuch", "tickets"))
}

// No order is placed before its sale is there: waiting for it would hold up every other deadline.
func TestARingForNothing(t *testing.T) {
	m := newMarket()
	assert.Equal(t, fault.Drop, m.hears(t, events.Expiration{OrderID: "NOSUCH-1", ExpiresAt: clock.At(noon)}))
}
