// Command events is the event bench: it publishes any of our events by hand, taps a topic live, lists dead letters and
// replays them, and tells what happened to an order, on the stack that `make run` has started.
//
//	go run ./tests/events publish -data '{...}' ticket.updated
//	go run ./tests/events tap [-all] [topic...]
//	go run ./tests/events dead [service]
//	go run ./tests/events replay <service> <id>|all
//	go run ./tests/events story <order, ticket or payment id>
//
// All but tap goes through sidecars and works with any broker. Tap reads JetStream itself, the broker of the default stack: a sidecar
// brings events only to an app that subscribed when it started, and none lets anybody look back.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// bench is what all commands share.
type bench struct {
	dir   string // holds dapr.yaml and .local
	nats  string // "": the one in .local/secrets.json
	in    io.Reader
	out   io.Writer
	flags *flag.FlagSet
}

const usage = `usage: go run ./tests/events <command> [flags]

  publish [-data JSON] <type>   publish an event by hand; without -data the JSON comes from standard input
  tap [-all] [topic...]         show events as they come, -all: those not handled yet too
  dead [service]                list dead letters and why they died
  replay <service> <id>|all     send dead letters to their topic again
  story <id>                    what happened to an order, a ticket or a payment

Flags of every command: -dir (where dapr.yaml and .local are), -nats (address of the broker).
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "events:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(out, usage)
		return errors.New("say what to do")
	}
	commands := map[string]func(context.Context, *bench, []string) error{
		"publish": publish, "tap": tap, "dead": dead, "replay": replay, "story": story,
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprint(out, usage)
		return fmt.Errorf("%q is no command", args[0])
	}
	b := &bench{in: in, out: out, flags: flag.NewFlagSet(args[0], flag.ContinueOnError)}
	b.flags.SetOutput(out)
	b.flags.StringVar(&b.dir, "dir", ".", "the folder with dapr.yaml and .local")
	b.flags.StringVar(&b.nats, "nats", "", "address of the broker, nats://host:port (default the one in .local/secrets.json)")
	return command(ctx, b, args[1:])
}
