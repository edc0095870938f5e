package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

const tapLine = "%-12s  %-19s  %-43s  %7s  %8s  %s\n"

// tap shows events as they are stored, one a line, until it is stopped. It takes nothing away from the subscribers.
func tap(ctx context.Context, b *bench, args []string) error {
	all := b.flags.Bool("all", false, "begin with the oldest event that somebody has still to handle")
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	topics := b.flags.Args()
	if len(topics) == 0 {
		for _, p := range events.Payloads() {
			topics = append(topics, p.Topic())
		}
	}
	for _, topic := range topics {
		if err := checkTopic(topic); err != nil {
			return err
		}
	}
	conn, js, err := b.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	from := jetstream.DeliverNewPolicy
	if *all {
		from = jetstream.DeliverAllPolicy
	}
	came := make(chan message)
	for _, topic := range topics {
		stop, err := follow(ctx, js, topic, from, came)
		if err != nil {
			return err
		}
		defer stop()
	}
	fmt.Fprintf(b.out, tapLine, "time", "type", "key", "version", "age", "id")
	for {
		select {
		case m := <-came:
			age := time.Since(m.At).Round(time.Millisecond)
			if age > time.Minute {
				age = age.Round(time.Second)
			}
			fmt.Fprintf(b.out, tapLine, m.At.Local().Format("15:04:05.000"), or(m.Event.Type, "(no event)"), or(m.Event.Subject, "-"),
				m.version(), age, or(m.Event.ID, "-"))
		case <-ctx.Done():
			return nil
		}
	}
}

// follow sends what a topic's stream holds or gets to came, until stop is called.
func follow(ctx context.Context, js jetstream.JetStream, topic string, from jetstream.DeliverPolicy, came chan<- message) (stop func(), err error) {
	consumer, err := js.OrderedConsumer(ctx, topic, jetstream.OrderedConsumerConfig{DeliverPolicy: from})
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", topic, err)
	}
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		m := read(0, time.Now(), msg.Data())
		if meta, err := msg.Metadata(); err == nil {
			m.Seq, m.At = meta.Sequence.Stream, meta.Timestamp
		}
		if m.Event.Type == "" && topic != events.HeartbeatsTopic {
			m.Event.Subject = topic + " " + fmt.Sprint(m.Seq) // at least where it lies
		}
		select {
		case came <- m:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", topic, err)
	}
	return consuming.Stop, nil
}
