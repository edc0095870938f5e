package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
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

// late is how many payments the card network takes longer over than orders keeps a ticket for one. Money that comes too
// late is rare, and must go back.
const late = 3

// answerLate makes the card network late with the next payments. Who is killed meanwhile has forgotten it.
func answerLate(ctx context.Context, s *stack.Stack) error {
	fault := fmt.Sprintf(`{"path":"/v1/payment_intents","method":"POST","times":%d,"before":true,"delay":"%v"}`, late, checkoutLimit+10*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.StripeURL+"/_simulator/faults", strings.NewReader(fault))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("the card network is not to be late: %s", resp.Status)
	}
	return nil
}

// attack kills or freezes one part a round, in an order that the seed decides, and brings it back after a pause. At half
// time the clocks jump. In some rounds more is asked for than the market can do.
func attack(ctx context.Context, s *stack.Stack, cfg settings, clocks *clocks, t *trade) map[string]*hit {
	random := rand.New(rand.NewPCG(cfg.Seed, 1))
	parts := slices.DeleteFunc(s.Names(), func(name string) bool {
		return slices.Contains(spared, name) || len(cfg.Parts) > 0 && !slices.Contains(cfg.Parts, name)
	})
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
		if round == (cfg.Rounds+1)/2 && cfg.Clocks > 0 {
			fmt.Printf("round %d: every clock jumps by %v\n", round+1, 2*cfg.Clocks)
			if err := clocks.jump(); err != nil {
				fmt.Printf("round %d: %v\n", round+1, err)
			}
		}
		if !clock.Wait(ctx, peace) {
			break
		}
		how := "killed"
		if !kill {
			how = "frozen"
		}
		calm := func() {}
		if round%rushEvery == rushEvery-1 {
			how = "in a rush, " + how
			calm = t.crowd(ctx, cfg.Seed+uint64(round))
			clock.Wait(ctx, rushBefore)
		}
		fmt.Printf("round %d: %s %s for %v\n", round+1, name, how, away.Round(time.Millisecond))
		if err := strike(ctx, s, name, kill, away); err != nil {
			fmt.Printf("round %d: %v\n", round+1, err)
		}
		calm()
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
