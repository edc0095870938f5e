// Command chaos is behind `make chaos`: it runs the whole marketplace with clocks apart, lets people trade in it, and
// meanwhile kills or freezes one part after the other; at half time every clock jumps. Then it stops the trade, waits for
// quiet, and checks every guarantee of ARCHITECTURE from outside. What it prints last is one line of JSON.
//
//	ROUNDS=20 SEED=1 STORE=redis REPLICAS=2 CLOCKS=2s PARTS=orders,nats EXPIRATION=python make chaos
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"

	"marketplace/tests/stack"
)

type settings struct {
	Rounds   int           `envconfig:"ROUNDS" default:"20"`
	Seed     uint64        `envconfig:"SEED"`                 // 0: any
	State    string        `envconfig:"STORE"`                // a folder components/state-<STORE>; empty: the one in dapr.yaml
	Replicas int           `envconfig:"REPLICAS" default:"1"` // of each service
	Parts    []string      `envconfig:"PARTS"`                // that are attacked; empty: all
	Clocks   time.Duration `envconfig:"CLOCKS" default:"2s"`  // how far each service's clock is off, ahead or behind
}

const (
	// orderHold is short, so that many orders expire during the trade.
	orderHold = 8 * time.Second
	// checkoutLimit is as in production. A payment that died with its process is settled after 35 s, so with much less every
	// such buyer would be too late, and no check could tell bad luck from a fault.
	checkoutLimit = time.Minute
)

// settleLimit is how long the books have to agree once nobody trades any more: longer than a charge that died with its
// process waits for its job, and than one that the card network lost waits to be given up.
const settleLimit = 4 * time.Minute

func main() {
	var cfg settings
	err := envconfig.Process("", &cfg)
	if err == nil && (cfg.Clocks < 0 || cfg.Clocks >= orderHold/2) {
		err = fmt.Errorf("CLOCKS must be at least 0 and less than %v, not %v: replicas apart by a whole hold sell nothing", orderHold/2, cfg.Clocks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	violations, err := run(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	if violations > 0 {
		os.Exit(1)
	}
}

func run(cfg settings) (violations int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if cfg.Seed == 0 {
		cfg.Seed = rand.Uint64N(1_000_000)
	}
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	if err := stack.Build(ctx, root); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "marketplace-chaos-")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	fmt.Printf("seed %d, %d rounds, clocks off by %v, data and logs in %s\n", cfg.Seed, cfg.Rounds, cfg.Clocks, dir)
	clocks, err := newClocks(dir)
	if err != nil {
		return 0, err
	}
	s, err := stack.Start(ctx, stack.Options{Root: root, Dir: dir, FreePorts: true, State: cfg.State, Replicas: cfg.Replicas, StandIns: stack.ChosenStandIns(), Log: os.Stdout, KeepEvents: true,
		Env: map[string]string{"ORDER_HOLD": orderHold.String(), "CHECKOUT_LIMIT": checkoutLimit.String(), "HANDOVER_WITHIN": handoverWithin.String(), "CLOCK_OFFSETS_FILE": clocks.file,
			"HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s", "SIGNUPS_PER_NETWORK": "100000", "MAILS_PER_HOUR": "1000000"}}) // few people do much, from one address
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := s.Stop(); err == nil {
			err = stopErr
		}
	}()
	for _, name := range cfg.Parts {
		if !slices.Contains(s.Names(), name) {
			return 0, fmt.Errorf("PARTS: there is no %s, only %s", name, strings.Join(s.Names(), ", "))
		}
	}
	go keepUp(ctx, s)
	if err := clocks.spread(s, cfg.Clocks, cfg.Seed); err != nil {
		return 0, err
	}
	if err := answerLate(ctx, s); err != nil {
		return 0, err
	}

	trade := newTrade(s.URLs, cfg.Seed)
	if err := trade.hireOperator(ctx, s); err != nil {
		return 0, err
	}
	trade.start(ctx)
	hits := attack(ctx, s, cfg, clocks, trade)
	trade.stop()
	if err := s.Healthy(ctx); err != nil {
		return 0, fmt.Errorf("not everything came back: %w", err)
	}
	fmt.Println("the trade is over, waiting for the books to agree ...")
	h, found, quiet, err := settled(ctx, s, cfg, trade)
	if err != nil {
		return 0, err
	}
	report(cfg, hits, trade, h, found, quiet, time.Since(began))
	if len(h.Charges) == 0 {
		return len(found), errors.New("nobody paid for anything, so nothing was shown")
	}
	return len(found), nil
}

// keepUp starts parts anew that leave by themselves, as an orchestrator does: a sidecar whose broker was away too long.
func keepUp(ctx context.Context, s *stack.Stack) {
	for d := range s.Died() {
		fmt.Printf("%s left by itself, starting it anew\n", d.Name)
		if err := s.Revive(context.WithoutCancel(ctx), d.Name); err != nil {
			fmt.Println(err)
		}
	}
}

// settled waits until no guarantee is broken any more, or time is up.
func settled(ctx context.Context, s *stack.Stack, cfg settings, t *trade) (h history, found []violation, quiet time.Duration, err error) {
	began := time.Now()
	for {
		h, err = gather(ctx, s, cfg, t) // a part that has just come back may still be busy
		found, quiet = check(h), time.Since(began)
		if quiet > settleLimit || err == nil && len(found) == 0 {
			return h, found, quiet, err
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return h, nil, 0, ctx.Err()
		}
	}
}

// report prints what was done to each part, what was found, and the line of JSON.
func report(cfg settings, hits map[string]*hit, t *trade, h history, found []violation, quiet, took time.Duration) {
	fmt.Printf("\n%-20s %6s %7s %10s %10s\n", "part", "killed", "frozen", "accepted", "refused")
	for _, name := range sorted(hits) {
		fmt.Printf("%-20s %6d %7d %10d %10d\n", name, hits[name].Killed, hits[name].Frozen, hits[name].Accepted, hits[name].Refused)
	}
	byName := map[string]int{}
	for name := range guarantees {
		byName[name] = 0
	}
	fmt.Println()
	for i, v := range found {
		byName[v.Guarantee]++
		if i < 50 {
			fmt.Printf("VIOLATION %s: %s\n", v.Guarantee, v.What)
		}
	}
	statuses, asked := t.answers()
	line, _ := json.Marshal(map[string]any{
		"seed": cfg.Seed, "rounds": cfg.Rounds, "store": cfg.State, "replicas": cfg.Replicas, "clocks": cfg.Clocks.String(), "dated_ahead": ahead(h), "seconds": int(took.Seconds()), "quiet_seconds": int(quiet.Seconds()),
		"tickets": len(h.Tickets), "orders": len(h.Orders), "payments": len(h.Payments), "charges": len(h.Charges), "refunds": h.refunds(), "events": len(h.Events),
		"decided": len(h.Promised.Decided), "letters": len(h.Promised.Settled), "answers": statuses, "asked_again": asked, "shed": t.refusals(), "unexplained": t.unexplained(), "violations": len(found), "by_guarantee": byName,
	})
	fmt.Println(string(line))
}
