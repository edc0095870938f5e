package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
)

// dated puts a ticket on sale that is good at the gala.
func (m *market) dated(t testing.TB, id string) {
	t.Helper()
	require.NoError(t, m.onTicket(t.Context(), events.Ticket{ID: id, Title: id, Price: 1000, UserID: "seller", Occasion: gala}))
}

// shelf is tickets with one ticket.
type shelf struct{ ticket *events.Ticket }

func (s shelf) Invoke(_ context.Context, _, _, _ string, _, out any) error {
	raw, err := json.Marshal(s.ticket)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// A withdrawal that no event has told of yet is heard of from tickets itself; after that nobody can hold the ticket, and
// who held it before keeps it.
func TestAWithdrawalIsDecidedHere(t *testing.T) {
	m := newMarket()
	m.dated(t, "T")
	withdrawn := events.Ticket{ID: "T", Title: "T", Price: 1000, UserID: "seller", Version: 1, Withdrawn: true}
	m.services = shelf{&withdrawn}
	ask := func() int {
		return m.as(t, "", httptest.NewRequest("POST", "/internal/tickets/T/withdrawal", nil), "tickets").Code
	}
	o := m.places(t, "ann", "T")
	assert.Equal(t, 400, ask(), "ann was first")
	assert.Equal(t, 400, ask(), "twice is once")
	m.gives(t, "ann", o)
	assert.Equal(t, 204, ask())
	assert.Equal(t, 204, ask())
	w := m.wants(t, "bob", "T")
	assert.Equal(t, 400, w.Code)
	assert.Contains(t, w.Body.String(), `"ticket_withdrawn"`)
	require.NoError(t, m.onTicket(t.Context(), events.Ticket{ID: "T", Title: "T", Price: 1000, UserID: "seller"}))
	assert.Equal(t, 400, m.wants(t, "bob", "T").Code, "an older event is old news")
	withdrawn.Version, withdrawn.Withdrawn = 2, false
	m.places(t, "bob", "T") // offered again, and the event of that is late
	assert.Equal(t, 404, m.as(t, "", httptest.NewRequest("POST", "/internal/tickets/a..b/withdrawal", nil), "tickets").Code)
	assert.Equal(t, 401, m.as(t, "", httptest.NewRequest("POST", "/internal/tickets/T/withdrawal", nil), "web").Code)
}

// Buyers and a withdrawal at the same moment, on two replicas: either somebody holds the ticket and the seller is refused,
// or nobody does and never will.
func TestAWithdrawalAmongBuyers(t *testing.T) {
	for range 50 {
		m := newMarket()
		m.dated(t, "T")
		m.services = shelf{&events.Ticket{ID: "T", Title: "T", Price: 1000, UserID: "seller", Version: 1, Withdrawn: true}}
		other := replica(m)
		other.services = m.services
		var all sync.WaitGroup
		var placed atomic.Int32
		var answer int
		for i := range 4 {
			all.Go(func() {
				r := httptest.NewRequest("POST", "/api/orders", strings.NewReader(`{"ticketId":"T"}`))
				if other.serve(t, fmt.Sprint("buyer", i), r, "web").Code == 201 {
					placed.Add(1)
				}
			})
		}
		all.Go(func() {
			answer = m.serve(t, "", httptest.NewRequest("POST", "/internal/tickets/T/withdrawal", nil), "tickets").Code
		})
		all.Wait()
		require.Equal(t, map[int]int32{204: 0, 400: 1}[answer], placed.Load(), "%d", answer)
		require.Contains(t, []int{204, 400}, answer)
	}
}

// A hold that is over by the clock which lets the seller withdraw is over by every clock: it is not paid for elsewhere.
func TestAWithdrawalEndsAHoldThatIsOver(t *testing.T) {
	m := newMarket()
	m.dated(t, "T")
	m.services = shelf{&events.Ticket{ID: "T", Title: "T", Price: 1000, UserID: "seller", Version: 1, Withdrawn: true}}
	slow := replica(m)
	o := m.places(t, "ann", "T")
	m.clock = o.ExpiresAt.Time
	slow.clock = m.clock.Add(-10 * time.Second)
	ask := func(path, caller, body string) int {
		return slow.as(t, "", httptest.NewRequest("POST", path, strings.NewReader(body)), caller).Code
	}
	require.Equal(t, 204, m.as(t, "", httptest.NewRequest("POST", "/internal/tickets/T/withdrawal", nil), "tickets").Code)
	assert.Equal(t, 400, ask("/internal/orders/"+o.ID+"/checkout", "payments", `{"userId":"ann","checkout":"c1"}`), "withdrawn and sold")

	var last events.Order
	told := m.sidecar.Published(events.OrdersTopic)
	require.NoError(t, json.Unmarshal(told[len(told)-1].Data, &last))
	assert.Equal(t, events.StatusCancelled, last.Status, "and everybody is told")
}

// After the start nothing is held or paid for, by whichever clock asks.
func TestAnOrderEndsAtTheStart(t *testing.T) {
	m := newMarket()
	soon := gala
	soon.StartsAt = clock.At(noon.Add(time.Minute))
	require.NoError(t, m.onTicket(t.Context(), events.Ticket{ID: "T", Title: "T", Price: 1000, UserID: "seller", Occasion: soon}))
	o := m.places(t, "ann", "T")
	assert.Equal(t, soon.StartsAt.String(), o.ExpiresAt.String())
	m.clock = noon.Add(time.Minute)
	w := m.as(t, "", httptest.NewRequest("POST", "/internal/orders/"+o.ID+"/checkout", strings.NewReader(`{"userId":"ann","checkout":"c1"}`)), "payments")
	assert.Equal(t, 400, w.Code)
	assert.Contains(t, w.Body.String(), `"ticket_started"`)
	w = m.wants(t, "bob", "T")
	assert.Equal(t, 400, w.Code)
	assert.Contains(t, w.Body.String(), `"ticket_started"`)
}

// An order says when and where its ticket is good, as it was when it was placed, and whose it was.
func TestAnOrderKeepsTheOccasion(t *testing.T) {
	m := newMarket()
	m.dated(t, "T")
	o := m.places(t, "ann", "T")
	assert.True(t, o.Ticket.Is(gala), "%+v", o.Ticket)

	var told events.Order
	require.NoError(t, json.Unmarshal(m.sidecar.Published(events.OrdersTopic)[0].Data, &told))
	assert.True(t, told.Ticket.Is(gala), "%+v", told.Ticket)
	assert.Equal(t, "seller", told.Ticket.SellerID)
}
