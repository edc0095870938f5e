package stack

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

var natsServer = server{
	name: "nats", folders: []string{"pubsub-jetstream"}, program: "nats-server", ports: 1,
	secrets: func(r *running) map[string]string { return map[string]string{"natsURL": r.stack.NATSURL} },
	part: func(r *running) *part {
		return &part{name: r.name, health: listens(r.ports[0]), command: command{
			args: []string{r.tool(r.program), "--addr", "127.0.0.1", "--port", strconv.Itoa(r.ports[0]), "--jetstream", "--store_dir", r.dir()},
			env:  r.stack.environ(groupBacking, nil),
			dir:  r.stack.options.Dir,
		}}
	},
	fill: func(ctx context.Context, r *running) error {
		return createStreams(ctx, r.stack.NATSURL, filepath.Join(r.stack.options.Root, "components", "pubsub-jetstream"))
	},
}

// createStreams makes one stream for each topic: Dapr creates none, and its durable names are unique per stream only.
// A stream that exists keeps its messages and gets these settings, and its consumers those of the components in folder.
func createStreams(ctx context.Context, url, folder string) error {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.Timeout(2*time.Second))
	if err != nil {
		return fmt.Errorf("connect to NATS at %s: %w", url, err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	for _, topic := range events.Topics() {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name:       topic,
			Subjects:   []string{topic},
			Storage:    jetstream.FileStorage,
			Retention:  jetstream.LimitsPolicy,
			MaxAge:     7 * 24 * time.Hour,
			Duplicates: 2 * time.Minute, // an event published twice within this time is stored once
		})
		if err != nil {
			return fmt.Errorf("create stream %s: %w", topic, err)
		}
	}
	return alignConsumers(conn, folder)
}
