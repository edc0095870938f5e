package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// rounds of each kind, in turn: this kind of machine's speed wanders, so only neighbours compare.
const rounds = 4

// scraping compares the cost of a purchase with and without somebody who reads all figures: the same marketplace, and a
// Prometheus beside it that is halted and goes on in turn. What Prometheus itself takes is told apart.
func (b *bench) scraping(parent context.Context) (err error) {
	if err := b.prepare(parent); err != nil {
		return err
	}
	ctx, s, err := b.start(parent, "scraping", "bin", map[string]string{"HOLDS_PER_BUYER": "0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	m, err := openMarket(ctx, s)
	if err != nil {
		return err
	}
	err = b.inTurn(ctx, "figures read", func(read bool) (*market, error) {
		signal := syscall.SIGSTOP
		if read {
			signal = syscall.SIGCONT
		}
		return m, s.Signal("prometheus", signal)
	})
	return errors.Join(err, s.Signal("prometheus", syscall.SIGCONT)) // or it could not stop
}

// inTurn says what a purchase costs with something and without it: as many go through the market that is made ready for
// the one as through that for the other, in turn.
func (b *bench) inTurn(ctx context.Context, something string, ready func(with bool) (*market, error)) error {
	n := firstRate * int(b.loaded.Seconds())
	found := map[bool][]float64{}
	var prometheus float64
	for round := range 2*rounds + 2 {
		with := round%2 == 0
		m, err := ready(with)
		if err != nil {
			return err
		}
		ids, err := m.offer(ctx, n)
		if err != nil {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		c, _, err := b.measure(ctx, m.Stack, n, func() error { return m.buy(ctx, firstRate, ids).failure })
		if err != nil {
			return err
		}
		say("%d purchases at %d a second, %s: %-5v %6.2f ms each", n, firstRate, something, with, c.Total)
		if round >= 2 { // before that, connections were made
			found[with], prometheus = append(found[with], c.Total), prometheus+c.prometheus
		}
	}
	without, with := median(found[false]), median(found[true])
	fmt.Fprintf(os.Stdout, "CPU of a purchase at %d a second, ms, the median of %d: %.2f without and %.2f %s (%+.1f %%)", firstRate, rounds, without, with, something, 100*(with-without)/without)
	if prometheus > 0 {
		fmt.Fprintf(os.Stdout, "; Prometheus itself %.2f", prometheus/rounds)
	}
	fmt.Fprintln(os.Stdout)
	return nil
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}
