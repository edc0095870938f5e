package main

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"time"

	"marketplace/tests/stack"
)

// cost is time of processors, by who spent it. Total is what the marketplace needs to run anywhere; the card network's
// simulator, those who press the buttons, the command line tool that passes on the services' logs, and whoever keeps the traces are
// apart.
type cost struct {
	Total     float64 `json:"total"`
	Services  float64 `json:"services"`
	Sidecars  float64 `json:"sidecars"`
	Broker    float64 `json:"broker"`
	Store     float64 `json:"store"`
	Scheduler float64 `json:"scheduler"`
	Stripe    float64 `json:"stripe"`
	Generator float64 `json:"generator"`
	cli       float64

	prometheus float64
	machine    float64 // everything that runs on it
}

// others is what processes that have nothing to do with us took meanwhile.
func (c cost) others() float64 {
	return max(0, c.machine-c.Total-c.Stripe-c.Generator-c.cli-c.prometheus)
}

// spent is what every part of s, and we ourselves, have used so far, in ms. One server that is both store and broker
// counts as the store.
func (b *bench) spent(s *stack.Stack) (cost, error) {
	var c cost
	own, err := stack.UsageOf(os.Getpid())
	if err != nil {
		return c, err
	}
	c.Generator = ms(own.CPU)
	machine, err := stack.MachineCPU()
	if err != nil {
		return c, err
	}
	c.machine = ms(machine)
	for _, name := range s.Names() {
		u, err := s.Usage(name)
		if err != nil {
			return c, err
		}
		var to *float64
		switch {
		case name == "scheduler":
			to = &c.Scheduler
		case name == "stripe":
			to = &c.Stripe
		case name == "dapr", name == "zipkin": // a cluster's is elsewhere
			to = &c.cli
		case name == "prometheus":
			to = &c.prometheus
		case strings.HasSuffix(name, "-sidecar"):
			to = &c.Sidecars
		case s.App(name).ID != "":
			to = &c.Services
		case name == "mariadb", strings.HasPrefix(b.State, name): // redis, postgresql
			to = &c.Store
		default:
			to = &c.Broker
		}
		*to += ms(u.CPU)
	}
	c.Total = c.Services + c.Sidecars + c.Broker + c.Store + c.Scheduler
	return c, nil
}

// since is what was spent after an earlier look, for each of n.
func (c cost) since(before cost, n float64) cost {
	per := func(now, then float64) float64 { return round((now - then) / n) }
	return cost{per(c.Total, before.Total), per(c.Services, before.Services), per(c.Sidecars, before.Sidecars), per(c.Broker, before.Broker),
		per(c.Store, before.Store), per(c.Scheduler, before.Scheduler), per(c.Stripe, before.Stripe), per(c.Generator, before.Generator), per(c.cli, before.cli), per(c.prometheus, before.prometheus), per(c.machine, before.machine)}
}

// leftover is how long after its end a load keeps the services busy: nudges are looked at a second after they are sent.
const leftover = 1200 * time.Millisecond

// measure returns the time and the calls that something costs s, for each of n.
func (b *bench) measure(ctx context.Context, s *stack.Stack, n int, something func() error) (c cost, made traffic, err error) {
	calls, err := quiet(ctx, s)
	if err != nil {
		return c, nil, err
	}
	spent, err := b.spent(s)
	if err != nil {
		return c, nil, err
	}
	if err := something(); err != nil {
		return c, nil, err
	}
	if err := pause(ctx, leftover); err != nil {
		return c, nil, err
	}
	if c, err = b.spent(s); err != nil {
		return c, nil, err
	}
	if made, err = quiet(ctx, s); err != nil {
		return c, nil, err
	}
	return c.since(spent, float64(n)), made.since(calls, n), nil
}

// busy is the share of this machine's processors that something else may take before what was measured proves nothing.
const busy = 0.1

// insist does something again that something else on this machine has disturbed, three times at most. Where it is enough
// that it succeeds once, only a failure is disturbed.
func (b *bench) insist(s *stack.Stack, once bool, do func() error) error {
	for try := 1; ; try++ {
		before, err := b.spent(s)
		if err != nil {
			return err
		}
		began := time.Now()
		failed := do()
		if try == 3 || once && failed == nil {
			return failed
		}
		after, err := b.spent(s)
		if err != nil {
			return errors.Join(failed, err)
		}
		share := after.since(before, 1).others() / ms(time.Since(began)) / float64(b.found.Cores)
		if share < busy {
			return failed
		}
		say("once more: something else took %.0f %% of this machine meanwhile", 100*share)
	}
}

// memory is what every part holds, in MB.
func memory(s *stack.Stack) (map[string]float64, error) {
	held := map[string]float64{}
	for _, name := range s.Names() {
		u, err := s.Usage(name)
		if err != nil {
			return nil, err
		}
		held[name] = math.Round(float64(u.Memory)/1e5) / 10
	}
	return held, nil
}

func ms(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// round keeps two decimals.
func round(x float64) float64 { return math.Round(x*100) / 100 }
