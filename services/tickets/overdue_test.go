package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// reminded notes which orders orders is asked to end, and answers with what it is told to.
type reminded struct {
	asked  []string
	answer error
}

func (r *reminded) Invoke(_ context.Context, app, method, path string, _, _ any) error {
	if app != "orders" || method != "POST" {
		return fault.NoSuchThing()
	}
	r.asked = append(r.asked, strings.TrimSuffix(strings.TrimPrefix(path, "/internal/orders/"), "/overdue"))
	return r.answer
}

// says delivers the news of an order, as every replica hears it.
func says(t *testing.T, s *server, ticketID string, status events.Status, version int64, until time.Time) {
	t.Helper()
	require.NoError(t, s.hearOrder(t.Context(), events.Order{ID: ticketID + "-1", SaleVersion: version, Status: status, ExpiresAt: clock.At(until), Ticket: events.OrderTicket{ID: ticketID}}))
}

func TestOrdersIsRemindedOfHoldsWhoseTimerIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		news func(s *server)
		want []string
	}{
		"nobody ended it": {func(s *server) { says(t, s, "T0", events.StatusCreated, 1, now().Add(-overdueAfter)) }, []string{"T0-1"}},
		"nobody knows whether it was paid": {func(s *server) {
			says(t, s, "T0", events.StatusAwaitingPayment, 1, now().Add(-overdueAfter))
		}, []string{"T0-1"}},
		"its timer may ring yet": {func(s *server) { says(t, s, "T0", events.StatusCreated, 1, now().Add(time.Millisecond-overdueAfter)) }, nil},
		"it was given back": {func(s *server) {
			says(t, s, "T0", events.StatusCreated, 1, now().Add(-time.Hour))
			says(t, s, "T0", events.StatusCancelled, 2, now().Add(-time.Hour))
		}, nil},
		"it was paid": {func(s *server) { says(t, s, "T0", events.StatusComplete, 1, now().Add(-time.Hour)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := replica(t, 3)
			orders := &reminded{}
			s.services = orders
			c.news(s)
			s.remindOrders(t.Context(), 1)
			assert.Equal(t, c.want, orders.asked)
		})
	}
}

// A thousand timers are lost, and some of the orders cannot be ended. Orders is asked for a few at a time, and in the end
// for all of them; for none while it does not answer.
func TestOrdersIsRemindedOfAFewAtATime(t *testing.T) {
	const lost = 1000
	s, _ := replica(t, lost)
	orders := &reminded{answer: fault.New(fault.Conflict, "may have been paid for")}
	s.services = orders
	for i := range lost {
		says(t, s, fmt.Sprint("T", i), events.StatusCreated, 1, now().Add(-time.Hour))
	}
	asked := map[string]bool{}
	for from := range lost / overdueMost {
		orders.asked = nil
		s.remindOrders(t.Context(), math.MaxInt/lost*lost+from*overdueMost-lost)
		assert.Len(t, orders.asked, overdueMost)
		for _, id := range orders.asked {
			asked[id] = true
		}
	}
	assert.Len(t, asked, lost)

	orders.asked, orders.answer = nil, fault.Down(nil, "away")
	s.remindOrders(t.Context(), 0)
	assert.Len(t, orders.asked, 1, "it is down: nobody needs to ask for the rest")
}

// A replica that may have missed how they ended asks for none; one that hears asks again until it hears of the end.
func TestADeafReplicaRemindsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sidecar := replica(t, 1)
		orders := &reminded{}
		s.services = orders
		says(t, s, "T0", events.StatusCreated, 1, now().Add(-time.Hour))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.watchHolds(ctx)

		sidecar.DieAfter(0, false)
		s.catchUp()
		time.Sleep(3*overduePause + time.Second)
		assert.Empty(t, orders.asked)
		sidecar.Revive()
		time.Sleep(2 * overduePause)
		assert.Equal(t, []string{"T0-1", "T0-1"}, orders.asked)

		says(t, s, "T0", events.StatusCancelled, 2, now())
		time.Sleep(5 * overduePause)
		assert.Len(t, orders.asked, 2)
	})
}
