package tests

import (
	"context"
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// An event that is being handled when its service and sidecar die is handled once they are back. It is the one promise
// that only a broker can keep.
func TestInterruptedDelivery(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered, held := make([]ticket, 5), make([]order, 5)
	for i := range offered {
		offered[i] = seller.sells("Interrupted", "10")
	}
	for _, o := range offered { // orders knows them, and need not ask
		given := buyer.orders(o.ID)
		eventually(t, "tickets hears that it is held", func() bool { return seller.ticket(o.ID).OrderID == given.ID })
		require.Equal(t, 204, buyer.do("DELETE", "/api/orders/"+given.ID, "").Status)
		eventually(t, "tickets hears that it is free again", func() bool { return seller.ticket(o.ID).OrderID == "" })
	}

	require.NoError(t, s.Signal("tickets", syscall.SIGSTOP))
	for i, o := range offered {
		held[i] = buyer.orders(o.ID)
	}
	time.Sleep(time.Second) // the sidecar has delivered what it is going to, and waits for an answer
	dieAndComeBack(t, s, "tickets")

	began := time.Now()
	for i, o := range offered {
		require.Eventually(t, func() bool {
			got := seller.get("/api/tickets/" + o.ID)
			if got.Status != 200 {
				return false // a sidecar that is just back takes its time to be found by the others
			}
			var now ticket
			got.into(t, &now)
			return now.OrderID == held[i].ID
		}, 90*time.Second, 50*time.Millisecond, "tickets hears that it is held")
	}
	t.Logf("all had been heard of %v after tickets was back", time.Since(began).Round(time.Millisecond))
}

// dieAndComeBack kills a service and its sidecar and starts both again.
func dieAndComeBack(t *testing.T, s *stack.Stack, app string) {
	t.Helper()
	require.NoError(t, s.Kill(app+"-sidecar"))
	require.NoError(t, s.Kill(app))
	sidecar := make(chan error, 1)
	go func() { sidecar <- s.Revive(context.Background(), app+"-sidecar") }() // neither is healthy without the other
	require.NoError(t, s.Revive(context.Background(), app))
	require.NoError(t, <-sidecar)
}

// A service stands still for longer than its sidecar's patience while events come, and goes on. None is lost, none stuck.
func TestPausedService(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered, held := make([]ticket, 60), make([]order, 60)
	for i := range offered {
		offered[i] = seller.sells("Paused", "10")
	}
	for _, o := range offered { // orders hears of it, or asks: it will not have to
		require.Equal(t, "You cannot buy your own ticket", seller.post("/api/orders", `{"ticketId":"`+o.ID+`"}`).says())
	}
	require.NoError(t, s.Signal("tickets", syscall.SIGSTOP))
	resume := time.AfterFunc(6*time.Second, func() { _ = s.Signal("tickets", syscall.SIGCONT) })
	defer resume.Stop()
	for i, o := range offered {
		held[i] = buyer.orders(o.ID)
		time.Sleep(80 * time.Millisecond)
	}
	for i, o := range offered {
		require.Eventually(t, func() bool {
			got := seller.get("/api/tickets/" + o.ID)
			var now ticket
			return got.Status == 200 && json.Unmarshal(got.Body, &now) == nil && now.OrderID == held[i].ID
		}, time.Minute, 50*time.Millisecond, "tickets hears that it is held")
	}
}
