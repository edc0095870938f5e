package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// People pay while the broker is away: a few seconds, and with PAYMENTS_OUTAGE=3m for longer than the sidecars' connections
// last. Nothing can be announced meanwhile, so nothing may depend on that anybody hears of it in time: when the broker is
// back every charge ends as a completed order or goes back, and who was told that he has paid has the ticket.
func TestBrokerAwayUnderPayments(t *testing.T) {
	away := duration(t, "PAYMENTS_OUTAGE", 10*time.Second)
	const buyers = 40
	s := start(t, stack.Options{StandIns: stack.ChosenStandIns(), Env: map[string]string{"HOLDS_PER_BUYER": "0"}})
	seller, buyer := signUp(t, s), signUp(t, s)
	var orders [buyers]string
	for i := range orders {
		orders[i] = post(t, s, "/api/orders", buyer, `{"ticketId":"`+list(t, s, seller)+`"}`)
	}

	require.NoError(t, s.Kill("nats"))
	paid, statuses := map[string]bool{}, map[int]int{}
	for gone, i := time.Now(), 0; i < buyers; i++ {
		status, header, body := call(t, s, "POST", "/api/payments", buyer, `{"orderId":"`+orders[i]+`","token":"tok_visa"}`)
		statuses[status]++
		if status == http.StatusCreated {
			paid[orders[i]] = true
		} else {
			require.Equal(t, http.StatusServiceUnavailable, status, body)
			require.NotEmpty(t, header.Get("Retry-After"))
		}
		time.Sleep(time.Until(gone.Add(away * time.Duration(i+1) / buyers)))
	}
	back := time.Now()
	_ = s.Revive(context.Background(), "nats")

	var open []string
	require.Eventually(t, func() bool {
		charged := standing(t, s)
		open = nil
		for _, id := range orders {
			status := statusOf(t, s, buyer, id)
			if charged[id] > 1 || (charged[id] == 1) != (status == "complete") || paid[id] && status != "complete" {
				open = append(open, fmt.Sprintf("%s is %s, %d charges stand, told that it is paid: %v", id, status, charged[id], paid[id]))
			}
		}
		return len(open) == 0
	}, 4*time.Minute, 500*time.Millisecond, "%v", &open)
	assert.NotEmpty(t, paid, "nobody could pay: this shows nothing")
	t.Logf("away for %v: %d told that they have paid, answers %v; every charge was a completed order %v after the broker was back",
		away, len(paid), statuses, time.Since(back).Round(100*time.Millisecond))
}

func statusOf(t *testing.T, s *stack.Stack, buyer, orderID string) string {
	t.Helper()
	_, _, body := call(t, s, "GET", "/api/orders/"+orderID, buyer, "")
	var o struct{ Status string }
	_ = json.Unmarshal([]byte(body), &o) // a part that is still coming back has answered
	return o.Status
}

// standing counts the charges that stand by order, as the card network's books have them.
func standing(t *testing.T, s *stack.Stack) map[string]int {
	t.Helper()
	all, err := s.Ledger(t.Context())
	require.NoError(t, err)
	charged := map[string]int{}
	for _, in := range all {
		if in.Stands() {
			charged[in.OrderID()]++
		}
	}
	return charged
}
