// Package prepare makes in NATS JetStream what the marketplace relies on: for every topic a stream, and in it for every
// service that subscribes the consumer that its sidecars will use. Dapr makes no streams, and consumers too late.
package prepare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

// Settings say how.
type Settings struct {
	Replicas int           // servers that hold each message; 0 means 1
	MaxAge   time.Duration // how long a service may be away without missing anything, and how long dead letters are kept
	Business Consumer      // of events
	Outbox   Consumer      // of the services' messages to themselves
	Keep     bool          // for those who read everything afterwards: keep also what all subscribers have handled
}

// Consumer is what a component's YAML says of its consumers, and has to agree with it: a sidecar does not subscribe with a
// consumer of other settings, and says so in its log alone.
type Consumer struct {
	AckWait    time.Duration
	MaxPending int // messages; 0 is the broker's own limit
}

// duplicates is how long a stream remembers the ids of events, so that one published twice is stored once.
const duplicates = 2 * time.Minute

// keeper is a consumer that never takes anything.
const keeper = "keep"

// Topic makes a topic's stream and consumers, or gives those there are these settings. What somebody has still to handle
// stays.
func Topic(ctx context.Context, js jetstream.JetStream, topic string, s Settings) error {
	stream := s.stream(topic)
	if _, err := js.CreateStream(ctx, stream); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return fmt.Errorf("create stream %s: %w", topic, err)
	}
	// Consumers come before settings: a stream that begins to keep only what somebody needs throws away the rest.
	for _, app := range events.Subscribers(topic) {
		if err := s.consumer(ctx, js, topic, app); err != nil {
			return fmt.Errorf("consumer %s of stream %s: %w", app, topic, err)
		}
	}
	if s.Keep {
		if _, err := js.CreateOrUpdateConsumer(ctx, topic, jetstream.ConsumerConfig{Durable: keeper, AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
			return fmt.Errorf("consumer %s of stream %s: %w", keeper, topic, err)
		}
	}
	if _, err := js.UpdateStream(ctx, stream); err != nil {
		return fmt.Errorf("update stream %s: %w", topic, err)
	}
	return nil
}

// stream is how a topic is kept. One purchase, from the listing of the ticket to the payment, puts 6 messages of 4.2 kB into
// all streams together. Kept for a week whether handled or not they fill the 9 GB of k8s/choices/nats with 2.1 million
// purchases, 3.5 a second, and a full store refuses every command. So a message goes when all who subscribe have
// handled it, and the space is for what a service that is away has still to hear: 2.1 million purchases in its absence.
// A shorter MaxAge, or throwing away the oldest when it is full (MaxBytes), would take events from a service that has not
// heard them. A removal costs the broker 0.01 to 0.1 ms of processor.
func (s Settings) stream(topic string) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: topic, Subjects: []string{topic}, Storage: jetstream.FileStorage, Replicas: max(s.Replicas, 1),
		Retention: jetstream.LimitsPolicy, MaxAge: s.MaxAge, Duplicates: duplicates,
	}
	switch {
	case len(events.Subscribers(topic)) > 0:
		c.Retention = jetstream.InterestPolicy
	case topic == events.HeartbeatsTopic:
		c.MaxMsgs = 1 // written to the disk, as a sign that it can be; nobody reads it
	}
	return c
}

func (s Settings) consumer(ctx context.Context, js jetstream.JetStream, topic, app string) error {
	wanted := s.of(topic)
	found, err := js.PushConsumer(ctx, topic, app)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		_, err = js.CreatePushConsumer(ctx, topic, jetstream.ConsumerConfig{ // as the component would
			Durable: app, DeliverGroup: app, DeliverSubject: nats.NewInbox(), FilterSubject: topic,
			DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: wanted.AckWait, MaxAckPending: wanted.MaxPending,
		})
		return err
	}
	if err != nil {
		return err
	}
	c := found.CachedInfo().Config
	if wanted.fits(c) {
		return nil
	}
	if c.AckWait = wanted.AckWait; wanted.MaxPending > 0 {
		c.MaxAckPending = wanted.MaxPending
	}
	_, err = js.UpdatePushConsumer(ctx, topic, c)
	return err
}

func (s Settings) of(topic string) Consumer {
	if events.IsOutbox(topic) {
		return s.Outbox
	}
	return s.Business
}

func (c Consumer) fits(there jetstream.ConsumerConfig) bool {
	return there.AckWait == c.AckWait && (there.MaxAckPending == c.MaxPending || c.MaxPending == 0)
}

// Done returns nil when a topic has its stream, and the consumers that sidecars will subscribe with.
func Done(ctx context.Context, js jetstream.JetStream, topic string, s Settings) error {
	if _, err := js.Stream(ctx, topic); err != nil {
		return fmt.Errorf("stream %s: %w", topic, err)
	}
	for _, app := range events.Subscribers(topic) {
		found, err := js.PushConsumer(ctx, topic, app)
		if err != nil {
			return fmt.Errorf("consumer %s of stream %s: %w", app, topic, err)
		}
		if !s.of(topic).fits(found.CachedInfo().Config) {
			return fmt.Errorf("consumer %s of stream %s has other settings still", app, topic)
		}
	}
	return nil
}
