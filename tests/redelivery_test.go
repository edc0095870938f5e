package tests

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// replay publishes messages anew, with new ids, so that the broker does not recognise them.
func replay(t *testing.T, s *stack.Stack, all []message) {
	t.Helper()
	for _, m := range all {
		var event map[string]any
		require.NoError(t, json.Unmarshal(m.data, &event))
		event["id"] = fmt.Sprintf("%v again %d", event["id"], rand.Int())
		data, err := json.Marshal(event)
		require.NoError(t, err)
		publish(t, s, m.topic, string(data))
	}
}

// Every event again: twice, backwards, and shuffled. Nothing changes.
func TestRedelivery(t *testing.T) {
	s := hasty(t)
	l := listen(t, s)
	seller, slow, quick := newcomer(t, s), newcomer(t, s), newcomer(t, s)

	// A history with everything in it: edited, expired, cancelled, declined, paid.
	offered := seller.sells("Carnegie Hall", "10")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PDF()).Status, "or the money for it goes back soon")
	require.Equal(t, 200, seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"Carnegie Hall, row 1","price":12.5}`).Status)
	var expiring order
	eventually(t, "orders has heard of the new price", func() bool {
		o := slow.orders(offered.ID)
		expiring = o
		if o.Ticket.Price.String() == "12.5" {
			return true
		}
		slow.do("DELETE", "/api/orders/"+o.ID, "")
		return false
	})
	eventually(t, "its timer rings", func() bool {
		return slices.ContainsFunc(l.heard(events.ExpirationsTopic), func(m message) bool { return strings.Contains(string(m.data), expiring.ID) })
	})
	eventually(t, "it expires", func() bool { return slow.order(expiring.ID).Reason == "expired" })
	given := slow.orders(offered.ID)
	require.Equal(t, 204, slow.do("DELETE", "/api/orders/"+given.ID, "").Status)
	bought := quick.orders(offered.ID)
	require.Equal(t, 400, quick.pays(bought.ID, "tok_chargeDeclined").Status)
	require.Equal(t, 201, quick.pays(bought.ID, "tok_visa").Status)
	eventually(t, "sold", func() bool {
		return quick.order(bought.ID).Status == "complete" && seller.ticket(offered.ID).OrderID == bought.ID
	})
	quiet(t, s)

	picture := func() string {
		var all []string
		for _, look := range []struct {
			who  *person
			path string
		}{{seller, "/api/tickets/mine"}, {slow, "/api/orders"}, {quick, "/api/orders"}, {quick, "/api/payments/" + bought.ID}} {
			got := look.who.get(look.path)
			require.Equal(t, http.StatusOK, got.Status)
			all = append(all, string(got.Body))
		}
		return strings.Join(all, "\n")
	}
	before := picture()
	history := l.heard(businessTopics...)
	require.NotEmpty(t, history)
	backwards := make([]message, len(history))
	for i, m := range history {
		backwards[len(history)-1-i] = m
	}
	replay(t, s, history)
	replay(t, s, backwards)
	rand.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
	replay(t, s, history)
	quiet(t, s)
	time.Sleep(4 * time.Second) // longer than any hold: timers set anew by old events would ring now
	quiet(t, s)

	assert.Equal(t, before, picture())
	assert.Equal(t, 1, charges(t, s, bought.ID))
	third := slow.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`)
	assert.Equal(t, "Ticket is already reserved", third.says())
}

// An event that cannot be read goes to the dead letters, and the stream goes on.
func TestDeadLetters(t *testing.T) {
	s := market(t)
	l := listen(t, s)
	dead := func() int { return len(l.heard(events.DeadTopic("orders"))) }
	before := dead()
	for _, data := range []string{
		`{"id":"poison-1","type":"ticket.created","specversion":"1.0","source":"test","data":{"id":"","price":"free"}}`,
		`{"id":"poison-2","type":"ticket.created","specversion":"1.0","source":"test","data":"what?"}`,
		`not even JSON`,
	} {
		publish(t, s, events.TicketsTopic, data)
	}
	eventually(t, "all three are dead letters", func() bool { return dead() >= before+3 }) // those with a reason lie there twice, where the broker knows no duplicates

	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("After the poison", "10")
	require.Equal(t, 200, seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"After the poison","price":11}`).Status)
	eventually(t, "orders still hears", func() bool {
		o := buyer.orders(offered.ID)
		defer buyer.do("DELETE", "/api/orders/"+o.ID, "")
		return o.Ticket.Price.String() == "11"
	})
}

// So does one that can be read and that no try helps, after a while; what came behind it is handled then.
func TestPoison(t *testing.T) {
	s := market(t)
	l := listen(t, s)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(seller.sells("Behind the poison", "10").ID)
	dead := func() int { return len(l.heard(events.DeadTopic("orders"))) }
	before, began := dead(), time.Now()
	publish(t, s, events.PaymentsTopic, fmt.Sprintf(`{"id":"poison %d","type":"payment.created","specversion":"1.0","source":"test",
		"data":{"id":"p","version":1,"orderId":"%sx","stripeId":"pi","amount":1000,"currency":"usd"}}`, rand.Int(), placed.ID))
	require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	require.Eventually(t, func() bool { return dead() > before }, 30*time.Second, 50*time.Millisecond, "it becomes a dead letter")
	t.Logf("a dead letter after %v", time.Since(began).Round(100*time.Millisecond))
	eventually(t, "the payment behind it is heard", func() bool { return buyer.order(placed.ID).Status == "complete" })
}
