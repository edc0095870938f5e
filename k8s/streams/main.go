// Streams prepares NATS JetStream for the marketplace: a stream for every topic, and a consumer for every service that
// subscribes to it. Dapr's sidecars create no streams, and a sidecar that subscribes to a topic without one goes without its
// events. Consumers must be there before the first event: it is kept for those that are (package prepare).
//
//	streams create    creates what is missing; what exists gets these settings, and keeps what is still to be handled
//	streams wait      returns when everything is there: a sidecar must not subscribe earlier
//	streams list      prints the topics and does nothing
//
// The first two try again until they succeed or are told to stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"marketplace/k8s/streams/prepare"
	"marketplace/shared/events"
)

type settings struct {
	URL      string        `envconfig:"NATS_URL" required:"true"`      // with user and password; several servers with commas between
	Replicas int           `envconfig:"REPLICAS" default:"1"`          // servers that hold each message: 1, or 3 on three servers
	MaxAge   time.Duration `envconfig:"STREAM_MAX_AGE" default:"168h"` // how long a service may be down without missing anything
	Patience time.Duration `envconfig:"STREAM_PATIENCE" default:"10m"` // how long to go on trying
}

// As in components/pubsub-jetstream.
var (
	business = prepare.Consumer{AckWait: 15 * time.Second, MaxPending: 100}
	outbox   = prepare.Consumer{AckWait: 15 * time.Second}
)

const (
	tryLimit = 15 * time.Second
	pause    = 2 * time.Second
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("service", "streams")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log, os.Args[1:]); err != nil {
		log.Error("cannot run", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, args []string) error {
	if len(args) == 1 && args[0] == "list" {
		fmt.Println(strings.Join(events.Topics(), "\n"))
		return nil
	}
	var cfg settings
	if err := envconfig.Process("", &cfg); err != nil {
		return fmt.Errorf("setting: %w", err)
	}
	var step func(context.Context, jetstream.JetStream, string, prepare.Settings) error
	switch {
	case len(args) == 1 && args[0] == "create":
		step = prepare.Topic
	case len(args) == 1 && args[0] == "wait":
		step = prepare.Done
	default:
		return errors.New("usage: streams create|wait|list")
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Patience)
	defer cancel()
	for {
		err := cfg.eachTopic(ctx, step)
		if err == nil {
			log.Info("every topic has its stream and its consumers", "topics", events.Topics())
			return nil
		}
		log.Warn("not yet", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// eachTopic takes the step for every topic, over a connection of its own.
func (cfg settings) eachTopic(ctx context.Context, step func(context.Context, jetstream.JetStream, string, prepare.Settings) error) error {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	conn, err := nats.Connect(cfg.URL, nats.Name("streams"), nats.Timeout(3*time.Second))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err) // says no URL: there is a password in it
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	for _, topic := range events.Topics() {
		if err := step(ctx, js, topic, prepare.Settings{Replicas: cfg.Replicas, MaxAge: cfg.MaxAge, Business: business, Outbox: outbox}); err != nil {
			return err
		}
	}
	return nil
}
