package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// With two replicas of every service each event is handled by one replica of each service that listens, people notice
// nothing of which replicas they meet, and every replica's catalogue shows the same.
func TestTwoOfEach(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{Replicas: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })

	const tickets = 30
	seller, buyer := newcomer(t, s), newcomer(t, s)
	var offered []ticket
	for i := range tickets {
		offered = append(offered, seller.sells(fmt.Sprintf("Seat %d", i), "10"))
	}
	eventually(t, "both catalogues show all", func() bool { return allShow(t, s, tickets) })
	require.Equal(t, 200, seller.do("PUT", "/api/tickets/"+offered[0].ID, `{"title":"The box","price":"99"}`).Status)
	for _, web := range s.URLs {
		var found []ticket
		anybody := &person{t: t, base: web}
		eventually(t, "the edit is found everywhere", func() bool {
			for range 10 { // whichever replica of tickets web asks
				found = nil
				if anybody.get("/api/tickets?q=box").into(t, &found); len(found) != 1 {
					return false
				}
			}
			return true
		})
	}

	for _, o := range offered {
		require.Equal(t, 201, buyer.pays(buyer.orders(o.ID).ID, "tok_visa").Status)
	}
	eventually(t, "both catalogues are empty", func() bool { return allShow(t, s, 0) })
	eventually(t, "all are sold", func() bool {
		for _, o := range offered {
			if seller.ticket(o.ID).OrderID == "" {
				return false
			}
		}
		return true
	})
	quiet(t, s)

	// 2 events an order: placed and paid.
	if s.NATSURL == "" {
		t.Skip("only JetStream knows an event that a second replica publishes again")
	}
	for _, app := range []string{"tickets", "payments", "expiration", "mail"} {
		heard := heardOf(t, s, app, events.OrdersTopic)
		assert.Equal(t, 2*tickets, heard[0]+heard[1], "each event once in %s", app)
		assert.NotZero(t, min(heard[0], heard[1]), "both replicas of %s work", app)
	}
}

// allShow tells whether each replica of tickets, asked itself, shows n tickets that can be bought.
func allShow(t *testing.T, s *stack.Stack, n int) bool {
	t.Helper()
	for _, app := range s.Replicas("tickets") {
		req, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/api/tickets", app.AppPort), nil)
		require.NoError(t, err)
		req.Header.Set("dapr-api-token", s.APIToken)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		var listed []ticket
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&listed))
		if len(listed) != n {
			return false
		}
	}
	return true
}

// heardOf is how many events of a topic each replica of a service has been handed.
func heardOf(t *testing.T, s *stack.Stack, app, topic string) []int {
	t.Helper()
	var all []int
	for _, replica := range s.Replicas(app) {
		text, err := metrics(replica)
		require.NoError(t, err)
		sum := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "dapr_component_pubsub_ingress_count{") && strings.Contains(line, `component="`+dapr.PubSub+`"`) && strings.Contains(line, `topic="`+topic+`"`) {
				n, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
				require.NoError(t, err, line)
				sum += int(n)
			}
		}
		all = append(all, sum)
	}
	return all
}
