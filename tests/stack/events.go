package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Published hands each what lies in a topic's stream, oldest first, with when the broker stored it. With KeepEvents that is
// everything that was published. It is for JetStream alone: NATSURL must not be "".
func (s *Stack) Published(ctx context.Context, topic string, each func(message []byte, at time.Time) error) error {
	conn, err := nats.Connect(s.NATSURL, nats.Timeout(2*time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, topic)
	if err != nil {
		return err
	}
	consumer, err := js.OrderedConsumer(ctx, topic, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	for left := int(stream.CachedInfo().State.Msgs); left > 0; {
		batch, err := consumer.Fetch(min(left, 500), jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			return err
		}
		n := 0
		for msg := range batch.Messages() {
			n++
			meta, err := msg.Metadata()
			if err != nil {
				return err
			}
			if err := each(msg.Data(), meta.Timestamp); err != nil {
				return fmt.Errorf("event on %s: %w", topic, err)
			}
		}
		if left -= n; n == 0 {
			return fmt.Errorf("stream %s breaks off with %d messages to go: %w", topic, left, batch.Error())
		}
	}
	return nil
}
