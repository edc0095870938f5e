package stack

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"marketplace/k8s/streams/prepare"
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
		folder := filepath.Join(r.stack.options.Root, "components", "pubsub-jetstream")
		return createStreams(ctx, r.stack.NATSURL, folder, r.stack.options.KeepEvents)
	},
}

// createStreams makes what k8s/streams makes in a cluster, with the settings that the components in folder have now.
func createStreams(ctx context.Context, url, folder string, keep bool) error {
	business, err := readConsumer(filepath.Join(folder, "pubsub.yaml"))
	if err != nil {
		return err
	}
	outbox, err := readConsumer(filepath.Join(folder, "outbox.yaml"))
	if err != nil {
		return err
	}
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
		settings := prepare.Settings{MaxAge: 7 * 24 * time.Hour, Business: business, Outbox: outbox, Keep: keep}
		if err := prepare.Topic(ctx, js, topic, settings); err != nil {
			return err
		}
	}
	return nil
}
