package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
)

// floor runs bare programs in the services' places that make the calls of w, as many and as often, with nothing behind
// them: what the calls cost whoever makes them.
func (b *bench) floor(parent context.Context, w work) (err error) {
	if err := b.linkFloor(w); err != nil {
		return err
	}
	plan, err := json.Marshal(w)
	if err != nil {
		return err
	}
	ctx, s, err := b.start(parent, "floor", "floor-bin", map[string]string{planKey: string(plan)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	var urls []string // of the programs with calls of their own
	for app, c := range w.Calls {
		if sums := c.byKind(); sums["total"] > sums["delivery"] {
			urls = append(urls, fmt.Sprintf("http://127.0.0.1:%d/purchase", s.App(app).AppPort))
		}
	}
	purchase := func(n int) error {
		targets := numbered(http.MethodPost, func(i int) (string, string, string) { return urls[i%len(urls)], "", "" })
		return attack(ctx, http.StatusOK, targets, until{perSecond: w.Rate * len(urls), n: n * len(urls)}, nil)
	}
	say("the same calls with nothing behind them")
	if err := purchase(w.Rate); err != nil { // connections are made
		return err
	}
	n := w.Rate * int(b.loaded.Seconds())
	var c cost
	var made traffic
	err = b.insist(s, false, func() (err error) {
		c, made, err = b.measure(ctx, s, n, func() error { return purchase(n) })
		return err
	})
	if err != nil {
		return err
	}
	b.found.floor, b.found.Floor, b.found.Overhead = c, c.Total, round(b.found.CPU.Total/c.Total)
	theirs := made.all().byKind()
	for kind, ours := range w.Calls.all().byKind() {
		if math.Abs(theirs[kind]-ours) > max(0.05*ours, 0.2) {
			return fmt.Errorf("it made %.2f calls of kind %s per purchase where the services make %.2f, so it says nothing", theirs[kind], kind, ours)
		}
	}
	return nil
}

// linkFloor makes this very program appear under the services' names.
func (b *bench) linkFloor(w work) error {
	bin := filepath.Join(b.dir, "floor-bin")
	self, err := os.Executable()
	if err = errors.Join(err, os.RemoveAll(bin), os.MkdirAll(bin, 0o755)); err != nil {
		return err
	}
	for app := range w.Calls {
		err = errors.Join(err, os.Symlink(self, filepath.Join(bin, app)))
	}
	for _, server := range []string{"stripesim", "inbox"} { // what stands behind the services stays what it is
		err = errors.Join(err, os.Symlink(filepath.Join(b.dir, "bin", server), filepath.Join(bin, server)))
	}
	return err
}
