package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"marketplace/tests/stack"
)

// served is how many answers a second there are of a kind that web gives by itself, to some who never wait.
type served struct {
	PerS        float64 `json:"per_s"`
	P50MS       float64 `json:"p50_ms"`
	P99MS       float64 `json:"p99_ms"`
	CPUMS       float64 `json:"cpu_ms"`       // of the whole stack for each, and of what passes on its logs
	GeneratorMS float64 `json:"generator_ms"` // of those who ask, for each
	Invocations int     `json:"invocations"`  // of other services meanwhile, by web
}

// edge is what web answers by itself.
type edge struct {
	Refusals served `json:"refusals"`
	First    served `json:"first_page"`
	Ticket   served `json:"ticket_page"`
}

// rushers is how many ask at the same time, as fast as they are answered.
const rushers = 16

// onlyEdge measures that alone.
func (b *bench) onlyEdge(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	err := b.edge(ctx)
	if err == nil {
		b.found.Edge.print(os.Stdout, b.found.Cores)
	}
	return err
}

// edge measures what web answers without asking anybody.
func (b *bench) edge(parent context.Context) (err error) {
	ctx, s, err := b.start(parent, "edge", "bin", map[string]string{"HOLDS_PER_BUYER": "0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	m, err := openMarket(ctx, s)
	if err != nil {
		return err
	}
	window := newDesk()
	if err := list(ctx, s, window, 0, 100); err != nil {
		return err
	}
	ids, err := m.offer(ctx, 1)
	if err != nil {
		return err
	}
	if _, err := m.place(ctx, 0, ids[0]); err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil { // it is heard of
		return err
	}
	say("refusals of a ticket that is held")
	refusal := numbered(http.MethodPost, func(i int) (string, string, string) {
		return m.URL + "/api/orders", m.cookies[1+i%(buyers-1)], `{"ticketId":"` + ids[0] + `"}`
	})
	if b.found.Edge.Refusals, err = b.serve(ctx, s, http.StatusBadRequest, `{"errors":[{"message":"Ticket is already reserved"`, refusal); err != nil {
		return fmt.Errorf("refusals: %w", err)
	}
	for path, found := range map[string]*served{"/": &b.found.Edge.First, "/tickets/" + ids[0]: &b.found.Edge.Ticket} {
		say("pages %s", path)
		page := func(t *vegeta.Target) error {
			*t = vegeta.Target{Method: http.MethodGet, URL: m.URL + path, Header: http.Header{"Accept-Encoding": {"gzip"}}}
			return nil
		}
		if *found, err = b.serve(ctx, s, http.StatusOK, "\x1f\x8b", page); err != nil {
			return fmt.Errorf("pages %s: %w", path, err)
		}
	}
	return nil
}

// serve asks the same again and again. Every answer must have that status and begin like that.
func (b *bench) serve(ctx context.Context, s *stack.Stack, status int, begins string, targets vegeta.Targeter) (found served, err error) {
	ask := func(d time.Duration, see func(*vegeta.Result)) error {
		var wrong error
		err := attack(ctx, status, targets, until{time: d}, func(r *vegeta.Result) {
			if wrong == nil && !strings.HasPrefix(string(r.Body), begins) {
				wrong = fmt.Errorf("an answer is %d %.200q", r.Code, r.Body)
			}
			see(r)
		}, workers(rushers))
		return errors.Join(err, wrong)
	}
	if err := ask(time.Second, func(*vegeta.Result) {}); err != nil { // connections are made
		return found, err
	}
	err = b.insist(s, false, func() error {
		before, err := b.spent(s)
		calls, failed := readTraffic(ctx, s)
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		var all vegeta.Metrics
		if err := ask(b.browsing, all.Add); err != nil {
			return err
		}
		all.Close()
		after, err := b.spent(s)
		made, failed := readTraffic(ctx, s)
		each := func(after, before float64) float64 {
			return math.Round(1000*(after-before)/float64(all.Requests)) / 1000
		}
		found = served{
			round(all.Rate), ms(all.Latencies.Quantile(0.50)), ms(all.Latencies.Quantile(0.99)),
			each(after.Total+after.cli, before.Total+before.cli), each(after.Generator, before.Generator),
			int(made["web"].byKind()["invocation"] - calls["web"].byKind()["invocation"]),
		}
		return errors.Join(err, failed)
	})
	return found, err
}

// print writes what was found. With the generator elsewhere, all processors would be the stack's.
func (e edge) print(w io.Writer, cores int) {
	fmt.Fprintf(w, "\nedge: what web answers by itself, to %d who never wait: orders for a ticket that somebody holds, and the catalogue's first page and a ticket's in gzip\n"+
		"  for who is not signed in. Time of processors for each; alone is how many a second that makes on all %d without the generator. Invocations are\n"+
		"  web's of other services meanwhile\n", rushers, cores)
	fmt.Fprintf(w, "  %-12s %10s %10s %10s %10s %14s %10s %12s\n", "", "per_s", "p50_ms", "p99_ms", "cpu_ms", "generator_ms", "alone", "invocations")
	for _, row := range []struct {
		name string
		served
	}{{"refusals", e.Refusals}, {"first page", e.First}, {"ticket page", e.Ticket}} {
		fmt.Fprintf(w, "  %-12s %10.0f %10.2f %10.2f %10.3f %14.3f %10.0f %12d\n", row.name, row.PerS, row.P50MS, row.P99MS, row.CPUMS, row.GeneratorMS,
			float64(1000*cores)/max(row.CPUMS, 0.001), row.Invocations)
	}
}
