package tests

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// The store's and the broker's server crash and come back: what was confirmed is there, and business goes on.
func TestServersCrash(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	held, free := seller.sells("Held through the crash", "10"), seller.sells("Sold after the crash", "10")
	placed := buyer.orders(held.ID)
	crashed := 0
	for _, name := range []string{"nats", "redis", "postgres", "mariadb", "rabbitmq", "kafka"} {
		if s.PID(name) == 0 {
			continue
		}
		require.NoError(t, s.Kill(name))
		require.NoError(t, s.Revive(context.Background(), name))
		crashed++
		if name == "rabbitmq" { // as components/pubsub-rabbitmq says
			restartSidecars(t, s)
		}
	}
	require.NotZero(t, crashed)

	within := func(what string, ok func() bool) {
		t.Helper()
		require.Eventually(t, ok, time.Minute, 200*time.Millisecond, what)
	}
	read := func(who *person, path string, dst any) bool {
		got := who.get(path)
		return got.Status == 200 && json.Unmarshal(got.Body, dst) == nil // it may still be 503
	}
	var now order
	within("the order is there", func() bool { return read(buyer, "/api/orders/"+placed.ID, &now) })
	assert.Equal(t, placed, now)
	var sold ticket
	within("tickets hears that it is held", func() bool { return read(seller, "/api/tickets/"+held.ID, &sold) && sold.OrderID == placed.ID })
	within("it is paid", func() bool { return buyer.pays(placed.ID, "tok_visa").Status == 201 })
	within("it is complete", func() bool { return read(buyer, "/api/orders/"+placed.ID, &now) && now.Status == "complete" })
	var second order
	within("the other is ordered", func() bool {
		got := buyer.post("/api/orders", `{"ticketId":"`+free.ID+`"}`)
		if got.Status == 201 {
			got.into(t, &second)
		}
		return got.Status == 201
	})
	within("tickets hears of that too", func() bool { return read(seller, "/api/tickets/"+free.ID, &sold) && sold.OrderID == second.ID })
}

// restartSidecars starts every sidecar anew that hears events, as an operator would.
func restartSidecars(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, name := range s.Names() {
		if name == "listener" || strings.HasSuffix(name, "-sidecar") && name != "auth-sidecar" {
			require.NoError(t, s.Kill(name))
			require.NoError(t, s.Revive(context.Background(), name))
		}
	}
}
