package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

// dead lists what services could not handle. A sidecar puts an event there when the service answers DROP: because no
// repetition can help, or because enough of them have not.
// What lies there is the event as it was; why it died is in the log of the service, or for what is no event at all, of
// its sidecar.
func dead(ctx context.Context, b *bench, args []string) error {
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	from := b.flags.Args()
	if len(from) == 0 {
		from = services()
	}
	conn, js, err := b.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	found := 0
	for _, service := range from {
		_, letters, err := deadLetters(ctx, js, service)
		if err != nil {
			return err
		}
		for _, m := range letters {
			fmt.Fprintf(b.out, "%-10s  %5d  %s  %-16s  %s  %s\n", service, m.Seq, m.At.Local().Format(time.DateTime),
				or(m.Event.Type, "(no event)"), or(m.Event.Subject, "-"), or(m.Event.ID, "-"))
			said := b.reason(service, m)
			fmt.Fprintf(b.out, "            why: %s\n", or(said.Error, "not said in "+b.logs()+"; was the service down?"))
			if trace := or(m.Event.TraceParent, said.Trace); trace != "" {
				fmt.Fprintf(b.out, "            trace: %s\n", trace)
			}
		}
		found += len(letters)
	}
	if found == 0 {
		fmt.Fprintln(b.out, "no dead letters")
	}
	return nil
}

// deadLetters returns a service's, oldest first, and the stream they lie in.
func deadLetters(ctx context.Context, js jetstream.JetStream, service string) (jetstream.Stream, []message, error) {
	if !slices.Contains(services(), service) {
		return nil, nil, fmt.Errorf("%q has no dead letters; there are those of %s", service, strings.Join(services(), ", "))
	}
	stream, err := js.Stream(ctx, events.DeadTopic(service))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil, nil // a service that handles no events here
	}
	if err != nil {
		return nil, nil, fmt.Errorf("dead letters of %s: %w", service, err)
	}
	letters, err := lying(ctx, stream, events.DeadTopic(service))
	return stream, letters, err
}
