package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"marketplace/shared/clock"
	"marketplace/tests/stack"
)

// hit counts what was done to a part, and how the trade went meanwhile.
type hit struct {
	Killed, Frozen, Accepted, Refused int
}

// spared are parts whose death says nothing: the CLI that started the others.
var spared = []string{"dapr"}

// attack kills or freezes one part a round, in an order that the seed decides, and brings it back after a pause.
func attack(ctx context.Context, s *stack.Stack, cfg settings, t *trade) map[string]*hit {
	random := rand.New(rand.NewPCG(cfg.Seed, 1))
	parts := slices.DeleteFunc(s.Names(), func(name string) bool { return slices.Contains(spared, name) })
	slices.Sort(parts)
	var order []string // every part once before any part twice
	hits := map[string]*hit{}
	for round := range cfg.Rounds {
		if len(order) == 0 {
			order = slices.Clone(parts)
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		name := order[0]
		order = order[1:]
		kill, away, peace := random.IntN(3) > 0, between(random, 500, 4000), between(random, 500, 3000)
		if hits[name] == nil {
			hits[name] = &hit{}
		}
		accepted, refused := t.count()
		if !clock.Wait(ctx, peace) {
			break
		}
		how := "killed"
		if !kill {
			how = "frozen"
		}
		fmt.Printf("round %d: %s %s for %v\n", round+1, name, how, away.Round(time.Millisecond))
		if err := strike(ctx, s, name, kill, away); err != nil {
			fmt.Printf("round %d: %v\n", round+1, err)
		}
		if kill {
			hits[name].Killed++
		} else {
			hits[name].Frozen++
		}
		nowAccepted, nowRefused := t.count()
		hits[name].Accepted += nowAccepted - accepted
		hits[name].Refused += nowRefused - refused
	}
	return hits
}

// strike takes a part away for a while.
func strike(ctx context.Context, s *stack.Stack, name string, kill bool, away time.Duration) error {
	if kill {
		if err := s.Kill(name); err != nil {
			return err
		}
		clock.Wait(ctx, away)
		return s.Revive(context.WithoutCancel(ctx), name)
	}
	if err := s.Signal(name, syscall.SIGSTOP); err != nil {
		return err
	}
	clock.Wait(ctx, away)
	return s.Signal(name, syscall.SIGCONT)
}

func between(random *rand.Rand, least, most int) time.Duration {
	return time.Duration(least+random.IntN(most-least)) * time.Millisecond
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
