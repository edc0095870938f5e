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
	for _, topic := range events.Topics() {
		file := "pubsub.yaml"
		if events.IsOutbox(topic) {
			file = "outbox.yaml"
		}
		ackWait, maxPending, err := readConsumer(filepath.Join(folder, file))
		if err != nil {
			return err
		}
		for info := range js.Consumers(topic) {
			c := info.Config
			if c.Durable == "" || c.AckWait == ackWait && (c.MaxAckPending == maxPending || maxPending == 0) {
				continue
			}
			if c.AckWait = ackWait; maxPending > 0 {
				c.MaxAckPending = maxPending
			}
			if _, err := js.UpdateConsumer(topic, &c); err != nil {
				return fmt.Errorf("consumer %s of stream %s: %w", c.Durable, topic, err)
			}
		}
	}
	return nil
}

// readConsumer reads what a component of file says of its consumers; 0 pending messages is the broker's own limit.
func readConsumer(file string) (ackWait time.Duration, maxPending int, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	var component struct {
		Spec struct {
			Metadata []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(text, &component); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	for _, m := range component.Spec.Metadata {
		switch m.Name {
		case "ackWait":
			ackWait, err = time.ParseDuration(m.Value)
		case "maxAckPending":
			maxPending, err = strconv.Atoi(m.Value)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("%s of %s: %w", m.Name, file, err)
		}
	}
	return ackWait, maxPending, nil
}
