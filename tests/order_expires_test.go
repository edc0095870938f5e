package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// An unpaid order ends by itself and frees the ticket for another buyer.
func TestOrderExpires(t *testing.T) { orderExpires(t, hasty(t)) }

func orderExpires(t *testing.T, s *stack.Stack) {
	l := listen(t, s)
	seller, slow, quick := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Tour de France, Alpe d'Huez", "50")
	placed := slow.orders(offered.ID)
	assert.WithinDuration(t, time.Now().Add(3*time.Second), placed.ExpiresAt, time.Second)
	eventually(t, "tickets hears that it is held", func() bool { return seller.ticket(offered.ID).OrderID == placed.ID })

	// Nobody looks at the order: its timer alone must end it.
	eventually(t, "its end is announced", func() bool { return l.heardTheEndOf(placed) })
	assert.False(t, time.Now().Before(placed.ExpiresAt), "never early")
	assert.True(t, slices.ContainsFunc(l.heard(events.ExpirationsTopic), func(m message) bool { return strings.Contains(string(m.data), placed.ID) }), "by its timer")
	t.Logf("ended %v after the deadline", time.Since(placed.ExpiresAt).Round(time.Millisecond))

	ended := slow.order(placed.ID)
	assert.Equal(t, "cancelled", ended.Status)
	assert.Equal(t, "expired", ended.Reason)
	assert.Equal(t, "Cannot pay for a cancelled order", slow.pays(placed.ID, "tok_visa").says())
	assert.Equal(t, 204, slow.do("DELETE", "/api/orders/"+placed.ID, "").Status)

	second := quick.orders(offered.ID)
	require.Equal(t, 201, quick.pays(second.ID, "tok_visa").Status)
	eventually(t, "the second order is complete", func() bool { return quick.order(second.ID).Status == "complete" })
}

func (l *listener) heardTheEndOf(o order) bool {
	return slices.ContainsFunc(l.heard(events.OrdersTopic), func(m message) bool {
		return strings.Contains(string(m.data), o.ID) && strings.Contains(string(m.data), events.OrderCancelled)
	})
}

// A payment that begins near the deadline moves it, a decline moves it back, and everybody is told of both.
func TestAPaymentNearTheDeadlineMovesIt(t *testing.T) {
	s := hasty(t)
	l := listen(t, s)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(seller.sells("Last minute", "10").ID)
	time.Sleep(time.Until(placed.ExpiresAt) - 1500*time.Millisecond) // a checkout keeps the ticket for two seconds
	require.Equal(t, "Your card was declined.", buyer.pays(placed.ID, "tok_chargeDeclined").says())
	eventually(t, "both are announced", func() bool {
		n := 0
		for _, m := range l.heard(events.OrdersTopic) {
			if strings.Contains(string(m.data), events.OrderUpdated+"/"+placed.ID+"/") {
				n++
			}
		}
		return n >= 2
	})
	eventually(t, "it expires", func() bool { return buyer.order(placed.ID).Status == "cancelled" })
	assert.Equal(t, placed.ExpiresAt, buyer.order(placed.ID).ExpiresAt, "at its first deadline")
}

// The scheduler loses a timer, and nobody looks at the order. It ends all the same, and everybody is told.
func TestOrderExpiresThoughItsTimerIsLost(t *testing.T) {
	s := hasty(t)
	l := listen(t, s)
	seller, slow := newcomer(t, s), newcomer(t, s)
	placed := slow.orders(seller.sells("Forgotten by everybody", "10").ID)
	job := fmt.Sprintf("http://127.0.0.1:%d/v1.0/jobs/order-%s.%d", s.App("expiration").HTTPPort, placed.ID, placed.ExpiresAt.UnixMilli())
	eventually(t, "its timer is set", func() bool { return call(t, "GET", job, "", nil) == 200 })
	require.Equal(t, 204, call(t, "DELETE", job, "", nil))

	require.Eventually(t, func() bool { return l.heardTheEndOf(placed) }, 40*time.Second, 50*time.Millisecond, "its end is announced")
	t.Logf("ended %v after the deadline", time.Since(placed.ExpiresAt).Round(time.Millisecond))
	assert.Equal(t, "expired", slow.order(placed.ID).Reason)
	eventually(t, "tickets hears that it is free", func() bool { return seller.ticket(placed.Ticket.ID).OrderID == "" })
}

// With its timer lost an order still ends when somebody looks, and the next buyer need not wait for that.
func TestOrderExpiresWithoutItsTimer(t *testing.T) {
	s := hasty(t)
	require.NoError(t, s.Kill("scheduler"))
	t.Cleanup(func() { require.NoError(t, s.Revive(context.Background(), "scheduler")) })
	seller, slow, quick := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	read, bought := seller.sells("One", "10"), seller.sells("Two", "10")
	forgotten, overtaken := slow.orders(read.ID), slow.orders(bought.ID)
	time.Sleep(time.Until(overtaken.ExpiresAt))

	assert.Equal(t, "cancelled", slow.order(forgotten.ID).Status)
	quick.orders(bought.ID)
	assert.Equal(t, "expired", slow.order(overtaken.ID).Reason)
	var listed []ticket
	visitor(t, s).get("/api/tickets?q=one").into(t, &listed)
	require.NotEmpty(t, listed, "a hold past its deadline is listed as free")
}
