package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"go.yaml.in/yaml/v3"

	"marketplace/shared/events"
)

// alignConsumers gives the consumers that sidecars have made in the broker the settings that folder, that of the
// JetStream components, has now. A sidecar does not subscribe with a consumer of other settings, and says so in its log alone.
func alignConsumers(conn *nats.Conn, folder string) error {
	js, err := conn.JetStream()
	if err != nil {
		return err
	}
	business, err := readConsumer(filepath.Join(folder, "pubsub.yaml"))
	if err != nil {
		return err
	}
	outbox, err := readConsumer(filepath.Join(folder, "outbox.yaml"))
	if err != nil {
		return err
	}
	for _, topic := range events.Topics() {
		now := business
		if events.IsOutbox(topic) {
			now = outbox
		}
		for info := range js.Consumers(topic) {
			c := info.Config
			if c.Durable == "" || c.AckWait == now.ackWait && (c.MaxAckPending == now.maxPending || now.maxPending == 0) {
				continue
			}
			if c.AckWait = now.ackWait; now.maxPending > 0 {
				c.MaxAckPending = now.maxPending
			}
			if _, err := js.UpdateConsumer(topic, &c); err != nil {
				return fmt.Errorf("consumer %s of stream %s: %w", c.Durable, topic, err)
			}
		}
	}
	return nil
}

// consumer is what a component says of its consumers.
type consumer struct {
	ackWait    time.Duration
	maxPending int // messages; 0 is the broker's own limit
}

func readConsumer(file string) (c consumer, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	var component struct {
		Spec struct {
			Metadata []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(text, &component); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	for _, m := range component.Spec.Metadata {
		switch m.Name {
		case "ackWait":
			c.ackWait, err = time.ParseDuration(m.Value)
		case "maxAckPending":
			c.maxPending, err = strconv.Atoi(m.Value)
		}
		if err != nil {
			return c, fmt.Errorf("%s of %s: %w", m.Name, file, err)
		}
	}
	return c, nil
}
