package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/money"
	"marketplace/tests/stack"
)

// The store is away for twenty seconds, or with STORE_OUTAGE=10m for ten minutes, while people trade, deadlines pass and
// events come. However long that takes, no event is at fault: none becomes a dead letter, all are handled once the store
// is back, and everybody agrees.
func TestStoreAway(t *testing.T) {
	away := duration(t, "STORE_OUTAGE", 20*time.Second)
	choice := stack.Options{State: "redis", PubSub: "jetstream"} // a store that can go without the broker
	if err := choice.Missing(); err != nil {
		t.Skip(err)
	}
	choice.Env = map[string]string{"ORDER_HOLD": "5s", "CHECKOUT_LIMIT": "5s"}
	s := start(t, choice)
	b := connect(t, s)
	seller := signUp(t, s)
	edited := list(t, s, seller)
	var traders []*trader
	for range 4 {
		traders = append(traders, &trader{stack: s, seller: seller, buyer: signUp(t, s)})
	}
	over := make(chan struct{})
	var all sync.WaitGroup
	for i, tr := range traders {
		all.Go(func() { tr.trade(over, i) })
	}
	time.Sleep(5 * time.Second)

	began := b.handed(t)
	require.NoError(t, s.Kill("redis"))
	var edits int64
	for gone := time.Now(); time.Since(gone) < away; time.Sleep(time.Second) {
		edits++ // the broker is there, and whoever has something to say can say it
		require.NoError(t, b.tickets.Publish(t.Context(), events.New(events.Ticket{ID: edited, Version: edits, Title: "Edited", Price: money.Amount(1000 + edits), UserID: "seller"})))
	}
	sent := b.handed(t) - began
	waiting := b.waiting(t)
	require.NoError(t, s.Revive(context.Background(), "redis"))
	back := time.Now()
	require.Eventually(t, func() bool { return s.Healthy(context.Background()) == nil }, 2*time.Minute, 100*time.Millisecond)
	healthy := time.Since(back)
	time.Sleep(5 * time.Second)
	close(over)
	all.Wait()

	require.Eventually(t, func() bool { return b.waiting(t) == 0 }, 5*time.Minute, 100*time.Millisecond, "every event is handled")
	handled := time.Since(back)
	var placed []order
	done, refused := 0, 0
	for _, tr := range traders {
		placed, done, refused = append(placed, tr.orders...), done+tr.done, refused+tr.refused
	}
	var left []string
	for began := time.Now(); time.Since(began) < 2*time.Minute; time.Sleep(time.Second) { // the last deadlines pass, the last jobs ring
		if left = b.disagreements(t, placed); len(left) == 0 {
			break
		}
	}
	assert.Empty(t, left)
	assert.Zero(t, b.waiting(t), "events not handled")
	assert.Zero(t, b.dead(t), "dead letters")
	sales, err := dapr.NewCollection[sale.Sale]("sale", b.orders).GetMany(t.Context(), []string{edited})
	require.NoError(t, err)
	require.Len(t, sales, 1)
	assert.Equal(t, edits, sales[0].Ticket.Version, "orders has heard the last edit")
	t.Logf("store away %v: %d orders placed, %d of %d commands refused; %d events waited, the broker sent %d in vain; healthy %v after the store, all handled %v after",
		away, len(placed), refused, done+refused, waiting, sent, healthy.Round(100*time.Millisecond), handled.Round(100*time.Millisecond))
}

// trader lists tickets and buys them, gives them back, or lets the hold run out.
type trader struct {
	stack         *stack.Stack
	seller, buyer string
	orders        []order
	done, refused int
}

type order struct{ ticket, id string }

func (tr *trader) trade(over <-chan struct{}, n int) {
	for ; ; n++ {
		select {
		case <-over:
			return
		case <-time.After(50 * time.Millisecond):
		}
		o := order{}
		if o.ticket = tr.ask("POST", "/api/tickets", tr.seller, `{"title":"Traded","price":10}`); o.ticket == "" {
			continue
		}
		if o.id = tr.ask("POST", "/api/orders", tr.buyer, `{"ticketId":"`+o.ticket+`"}`); o.id == "" {
			continue
		}
		tr.orders = append(tr.orders, o)
		switch n % 4 {
		case 0:
			tr.ask("DELETE", "/api/orders/"+o.id, tr.buyer, "")
		case 1, 2:
			tr.ask("POST", "/api/payments", tr.buyer, `{"orderId":"`+o.id+`","token":"tok_visa"}`)
		}
	}
}

// ask returns the id of what was made, "" when it was refused.
func (tr *trader) ask(method, path, session, body string) string {
	status, _, answer, err := try(tr.stack, method, path, session, body)
	if err != nil || status/100 != 2 {
		tr.refused++
		return ""
	}
	tr.done++
	var made struct{ ID string }
	_ = json.Unmarshal([]byte(answer), &made) // a cancel is answered with nothing
	return made.ID
}

// books is all that there is to compare.
type books struct {
	js                        jetstream.JetStream
	tickets, orders, payments *dapr.Sidecar
}

func connect(t *testing.T, s *stack.Stack) *books {
	conn, err := nats.Connect(s.NATSURL)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	b := &books{}
	b.js, err = jetstream.New(conn)
	require.NoError(t, err)
	for id, sidecar := range map[string]**dapr.Sidecar{"tickets": &b.tickets, "orders": &b.orders, "payments": &b.payments} {
		at := s.App(id)
		*sidecar, err = dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(at.HTTPPort), GRPCPort: strconv.Itoa(at.GRPCPort)})
		require.NoError(t, err)
		t.Cleanup((*sidecar).Close)
	}
	return b
}

// each calls f for every service's consumer of every topic.
func (b *books) each(t *testing.T, f func(*jetstream.ConsumerInfo)) {
	t.Helper()
	for _, topic := range events.Topics() {
		stream, err := b.js.Stream(t.Context(), topic)
		require.NoError(t, err)
		consumers := stream.ListConsumers(t.Context())
		for info := range consumers.Info() {
			if info.Config.Durable != "" {
				f(info)
			}
		}
		require.NoError(t, consumers.Err())
	}
}

// waiting counts the events that are not handled yet, once for each service that is to handle them.
func (b *books) waiting(t *testing.T) (n int) {
	t.Helper()
	b.each(t, func(c *jetstream.ConsumerInfo) {
		if !events.IsOutbox(c.Stream) { // a nudge whose write was cut off by the outage is kept alive for a quarter of an hour
			n += int(c.NumPending) + c.NumAckPending
		}
	})
	return n
}

// handed counts what the broker has sent to sidecars so far, the same event once for each time.
func (b *books) handed(t *testing.T) (n uint64) {
	t.Helper()
	b.each(t, func(c *jetstream.ConsumerInfo) { n += c.Delivered.Consumer })
	return n
}

func (b *books) dead(t *testing.T) (n uint64) {
	t.Helper()
	for _, app := range []string{"tickets", "orders", "payments", "expiration", "mail"} {
		stream, err := b.js.Stream(t.Context(), events.DeadTopic(app))
		require.NoError(t, err)
		n += stream.CachedInfo().State.Msgs
	}
	return n
}

// disagreements are orders that have not ended, and of which tickets, orders and payments do not say the same. It reads
// the documents: to ask a service might mend what it is asked about.
func (b *books) disagreements(t *testing.T, placed []order) (all []string) {
	t.Helper()
	for _, o := range placed {
		sales, err := dapr.NewCollection[sale.Sale]("sale", b.orders).GetMany(t.Context(), []string{o.ticket})
		require.NoError(t, err)
		tickets, err := dapr.NewCollection[ticket.Ticket]("ticket", b.tickets).GetMany(t.Context(), []string{o.ticket})
		require.NoError(t, err)
		payments, err := dapr.NewCollection[payment.Payment]("payment", b.payments).GetMany(t.Context(), []string{o.id})
		require.NoError(t, err)
		require.Len(t, sales, 1, o.ticket)
		require.Len(t, sales[0].Orders, 1, o.ticket)
		require.Len(t, tickets, 1, o.ticket)
		status, held := sales[0].Orders[0].Status, tickets[0]
		complete := status == sale.Complete
		ended := complete || status == sale.Cancelled
		paid := len(payments) == 1 && payments[0].Status == payment.Succeeded
		open := len(payments) == 1 && (payments[0].Status == payment.Pending || payments[0].Status == payment.Refunding)
		if !ended || open || complete != paid || complete != held.Sold || complete != (held.OrderID == o.id) {
			all = append(all, fmt.Sprintf("order %s is %s, its ticket %+v, its payment %+v", o.id, status, held, payments))
		}
	}
	return all
}

// duration is a setting of these tests.
func duration(t *testing.T, name string, standard time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, fmt.Sprintf("%s=%s", name, text))
	return d
}
