package tests

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// One buyer cannot keep the market from others: not with many tickets, asked for all at once at two replicas, nor with one
// that he holds again and again.
func TestOneBuyerCannotHoldTheMarket(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{Replicas: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	seller, greedy, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := make([]ticket, 16)
	for i := range offered {
		offered[i] = seller.sells("Seat "+strconv.Itoa(i), "10")
	}

	var mu sync.Mutex
	var held []order
	var free []ticket
	var all sync.WaitGroup
	for i, o := range offered {
		tab := &person{t: t, base: s.URLs[i%len(s.URLs)], cookie: greedy.cookie}
		all.Go(func() {
			got, err := tab.try("POST", "/api/orders", `{"ticketId":"`+o.ID+`"}`)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case !assert.NoError(t, err):
			case got.Status == 201:
				var placed order
				got.into(t, &placed)
				held = append(held, placed)
			case assert.Equal(t, 400, got.Status, "%s", got.Body):
				assert.Equal(t, "You hold as many unpaid tickets as one buyer may, which is 6. Pay for one or give one back first", got.says())
				free = append(free, o)
			}
		})
	}
	all.Wait()
	require.Len(t, held, 6)
	other.orders(free[0].ID)

	require.Equal(t, 201, greedy.pays(held[0].ID, "tok_visa").Status)
	eventually(t, "it is bought", func() bool { return greedy.order(held[0].ID).Status == "complete" })
	greedy.orders(free[1].ID)
	assert.Equal(t, 400, greedy.post("/api/orders", `{"ticketId":"`+free[2].ID+`"}`).Status)

	require.Equal(t, 204, greedy.do("DELETE", "/api/orders/"+held[1].ID, "").Status)
	again := greedy.post("/api/orders", `{"ticketId":"`+held[1].Ticket.ID+`"}`)
	assert.Equal(t, 429, again.Status)
	assert.NotEmpty(t, again.Header.Get("Retry-After"))
	assert.Equal(t, "You gave this ticket back, and for a while it is there for others. Please wait 5 minutes", again.says())
	greedy.orders(free[2].ID)
	other.orders(held[1].Ticket.ID)
}
