// Command bench is behind `make bench`: it runs the whole marketplace and finds out what it can do and what that costs.
// It prints every figure with a line that says what it means and, last, all of them as one line of JSON.
//
//	QUICK=1 STATE=postgresql PUBSUB=redis make bench
//	SCRAPING=1 make bench
//	TRACING=1 make bench
//	EDGE=1 make bench
//
// One after the other run: the marketplace (purchases, hot ticket, events, expiries), the floor (bare programs that make
// the same calls), and a marketplace with a large catalogue.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"

	"marketplace/tests/stack"
)

type settings struct {
	State  string `envconfig:"STATE"`  // a folder components/state-<STATE>; empty: redis if it is installed, else dapr.yaml's
	PubSub string `envconfig:"PUBSUB"` // likewise; empty: dapr.yaml's
	Traces string `envconfig:"TRACES"` // the share of all traces that is kept; empty: none are, nor made
	Quick  bool   `envconfig:"QUICK"`  // smaller numbers, under three minutes
	// Scraping compares the cost of a purchase with and without a Prometheus that reads everybody's figures, and nothing else.
	Scraping bool `envconfig:"SCRAPING"`
	// Tracing does the same with and without traces, of which the usual share is kept.
	Tracing bool `envconfig:"TRACING"`
	// Edge measures what web answers by itself, and nothing else.
	Edge bool `envconfig:"EDGE"`
}

// size is how much of everything a run does.
type size struct {
	try       time.Duration // at each rate, while the highest sustained one is looked for
	narrowing int           // how often the gap between a sustained rate and one that is not is halved
	loaded    time.Duration // at half that rate
	looks     int           // at an event's arrival on an idle stack
	pending   int           // orders, while others expire
	expiring  int           // orders
	tickets   []int         // in the catalogue
	browsing  time.Duration // at each size of the catalogue, twice
}

var (
	full  = size{8 * time.Second, 3, 20 * time.Second, 100, 10_000, 300, []int{100, 10_000, 100_000}, 8 * time.Second}
	quick = size{4 * time.Second, 2, 8 * time.Second, 40, 1_000, 100, []int{100, 1_000, 10_000}, 3 * time.Second}
)

// bench is one run.
type bench struct {
	settings
	size
	root, dir string // of the repository; of what the run leaves behind
	found     figures
}

func main() {
	if plan := os.Getenv(planKey); plan != "" {
		runFloor(plan)
		return
	}
	var b bench
	if err := envconfig.Process("", &b.settings); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := b.run
	switch {
	case b.Scraping:
		run = b.scraping
	case b.Tracing:
		run = b.tracing
	case b.Edge:
		run = b.onlyEdge
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if b.Scraping || b.Tracing || b.Edge {
		return
	}
	b.found.print(os.Stdout)
}

func (b *bench) run(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	work, err := b.trade(ctx)
	if err != nil {
		return err
	}
	if err := b.floor(ctx, work); err != nil {
		return fmt.Errorf("the floor: %w", err)
	}
	if err := b.edge(ctx); err != nil {
		return fmt.Errorf("the edge: %w", err)
	}
	return b.browse(ctx)
}

// prepare settles what is run and builds it.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.root, err = os.Getwd(); err != nil {
		return err
	}
	if b.State == "" && (stack.Options{Root: b.root, State: "redis"}).Missing() == nil {
		b.State = "redis"
	}
	if b.size = full; b.Quick {
		b.size = quick
	}
	b.dir = filepath.Join(b.root, ".local", "bench")
	b.found = figures{State: or(b.State, "sqlite"), PubSub: or(b.PubSub, "jetstream"), Traces: or(b.Traces, "0"), Cores: runtime.NumCPU(), Go: runtime.Version(), Quick: b.Quick, size: b.size}
	commit, err := exec.CommandContext(ctx, "git", "-C", b.root, "describe", "--always", "--dirty", "--exclude=*").Output()
	if b.found.Commit = strings.TrimSpace(string(commit)); err != nil {
		b.found.Commit = "unknown" // no git, or no repository: the figures are good all the same
	}
	say("building the services")
	return stack.BuildTo(ctx, b.root, filepath.Join(b.dir, "bin"))
}

// start runs programs from bin, under dir/bin, as a stack of their own that knows nothing of earlier ones. The context it
// returns ends when a part dies.
func (b *bench) start(ctx context.Context, name, bin string, env map[string]string) (context.Context, *stack.Stack, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.RemoveAll(dir); err != nil {
		return ctx, nil, err
	}
	s, err := stack.Start(ctx, stack.Options{Root: b.root, Dir: dir, Bin: filepath.Join(b.dir, bin), FreePorts: true,
		State: b.State, PubSub: b.PubSub, Traces: b.Traces, Metrics: b.Scraping, Env: env, Log: os.Stderr})
	if err != nil {
		return ctx, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { cancel(<-s.Died()) }()
	return ctx, s, nil
}

// say tells whoever waits how far we are.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// pause returns why when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
