package tests

import (
	"context"
	"encoding/json"
	"sort"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// How long an event takes from the commit to its consumer, on an idle stack. Printed, not judged: from just before the
// order is placed to the moment that tickets, which hears of it by event, has announced the hold.
func TestEventLatency(t *testing.T) {
	s := market(t)
	if s.NATSURL == "" {
		t.Skip("measured on JetStream only: it reads the stream itself, so as to add nothing to the time")
	}
	conn, err := nats.Connect(s.NATSURL)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	ctx := context.Background()
	seller, buyer := newcomer(t, s), newcomer(t, s)
	arrived := make(chan map[string]any, 100)
	consumer, err := js.OrderedConsumer(ctx, events.TicketsTopic, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	require.NoError(t, err)
	messages, err := consumer.Messages()
	require.NoError(t, err)
	t.Cleanup(messages.Stop)
	go func() {
		for {
			msg, err := messages.Next()
			if err != nil {
				return
			}
			var e struct{ Data map[string]any }
			if json.Unmarshal(msg.Data(), &e) == nil {
				arrived <- e.Data
			}
		}
	}()
	var answered, told []time.Duration
	for range 30 {
		offered := seller.sells("Latency", "10")
		began := time.Now()
		placed := buyer.orders(offered.ID)
		committed := time.Now()
		for e := range arrived {
			if e["orderId"] == placed.ID {
				break
			}
		}
		answered, told = append(answered, committed.Sub(began)), append(told, time.Since(committed))
	}
	median := func(all []time.Duration) time.Duration {
		sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
		return all[len(all)/2].Round(100 * time.Microsecond)
	}
	t.Logf("median of %d orders on an idle stack: answered after %v, and %v later tickets had heard of it, saved the hold and announced it",
		len(told), median(answered), median(told))
}
