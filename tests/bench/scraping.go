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
	n := firstRate * int(b.loaded.Seconds())
	var without, with []float64
	var prometheus float64
	for round := range 2*rounds + 1 {
		read := round%2 == 0
		signal := syscall.SIGSTOP
		if read {
			signal = syscall.SIGCONT
		}
		if err := s.Signal("prometheus", signal); err != nil {
			return err
		}
		ids, err := m.offer(ctx, n)
		if err != nil {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		c, _, err := b.measure(ctx, s, n, func() error { return m.buy(ctx, firstRate, ids).failure })
		if err != nil {
			return err
		}
		say("%d purchases at %d a second, figures read: %-5v %6.2f ms each", n, firstRate, read, c.Total)
		switch {
		case round == 0: // connections were made
		case read:
			with, prometheus = append(with, c.Total), prometheus+c.prometheus
		default:
			without = append(without, c.Total)
		}
	}
	if err := s.Signal("prometheus", syscall.SIGCONT); err != nil { // or it could not stop
		return err
	}
	a, z := median(without), median(with)
	fmt.Fprintf(os.Stdout, "CPU of a purchase at %d a second, ms, the median of %d: %.2f without and %.2f with figures read (%+.1f %%); Prometheus itself %.2f\n",
		firstRate, rounds, a, z, 100*(z-a)/a, prometheus/rounds)
	return nil
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}
