package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/tests/stack"
)

// browsing is how the catalogue is served.
type browsing struct {
	PerS      float64 `json:"per_s"`
	P50MS     float64 `json:"p50_ms"`
	P99MS     float64 `json:"p99_ms"`
	SearchP99 float64 `json:"search_p99_ms"`
}

// browsers is how many look at pages as fast as they get them.
const browsers = 16

// browse measures the catalogue in several sizes.
func (b *bench) browse(parent context.Context) (err error) {
	ctx, s, err := b.start(parent, "browse", "bin", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	b.found.Browse = map[string]browsing{}
	window, listed := newDesk(), 0
	for _, n := range b.tickets {
		say("a catalogue of %d tickets", n)
		if err := list(ctx, s, window, listed, n); err != nil {
			return fmt.Errorf("list %d tickets: %w", n, err)
		}
		listed = n
		err := b.insist(s, false, func() (err error) {
			b.found.Browse[strconv.Itoa(n)], err = b.look(ctx, s.URL)
			return err
		})
		if err != nil {
			return fmt.Errorf("browse: %w", err)
		}
	}
	return nil
}

// list writes tickets and the list of them to the store of tickets, and lets the service read them as it does when it starts.
func list(ctx context.Context, s *stack.Stack, window *desk, from, to int) error {
	if err := stock(ctx, window, from, to); err != nil {
		return err
	}
	sidecar, err := connect(s, "tickets")
	if err != nil {
		return err
	}
	defer sidecar.Close()
	if err := window.write(ctx, sidecar); err != nil {
		return err
	}
	if err := errors.Join(s.Kill("tickets"), s.Revive(ctx, "tickets")); err != nil {
		return err
	}
	return s.Healthy(ctx)
}

// stock makes the tickets from one number up to another, and lists them.
func stock(ctx context.Context, window *desk, from, to int) error {
	tickets, everybody := dapr.NewCollection[ticket.Ticket]("ticket", window), dapr.NewList("tickets", window)
	for n := from; n < to; n++ {
		t, err := makeTicket(n)
		if err != nil {
			return err
		}
		if err := errors.Join(everybody.Add(ctx, catalogue.ShelfOf(t.ID), t.ID), tickets.Create(ctx, t.ID, t)); err != nil {
			return err
		}
	}
	return nil
}

// look asks for first pages as fast as they come, then for pages and searches in turn at half that rate.
func (b *bench) look(ctx context.Context, url string) (found browsing, err error) {
	var fast, pages, searches vegeta.Metrics
	page := func(i int) (string, string, string) { return fmt.Sprintf("%s/?visit=%d", url, i), "", "" } // each one made
	none := func(*vegeta.Result) {}
	if err := visit(ctx, page, until{time: time.Second}, none, workers(browsers)); err != nil { // connections are made
		return found, err
	}
	if err := visit(ctx, page, until{time: b.browsing}, fast.Add, workers(browsers)); err != nil {
		return found, err
	}
	fast.Close()
	found.PerS = round(fast.Throughput)
	either := func(i int) (string, string, string) {
		if i%2 == 0 {
			return page(i)
		}
		return fmt.Sprintf("%s/?q=%s&visit=%d", url, search(i/2), i), "", ""
	}
	err = visit(ctx, either, until{perSecond: int(found.PerS / 2), time: b.browsing}, func(r *vegeta.Result) {
		if strings.Contains(r.URL, "?q=") {
			searches.Add(r)
		} else {
			pages.Add(r)
		}
	})
	found.P50MS, found.P99MS, found.SearchP99 = ms(pages.Latencies.Quantile(0.50)), ms(pages.Latencies.Quantile(0.99)), ms(searches.Latencies.Quantile(0.99))
	return found, err
}

// visit is attack for pages. Every one must show tickets.
func visit(ctx context.Context, page func(i int) (url, session, body string), pace until, see func(*vegeta.Result), options ...func(*vegeta.Attacker)) error {
	empty := 0
	err := attack(ctx, http.StatusOK, numbered(http.MethodGet, page), pace, func(r *vegeta.Result) {
		if !strings.Contains(string(r.Body), ", Seat ") {
			empty++
		}
		see(r)
	}, options...)
	if err == nil && empty > 0 {
		err = fmt.Errorf("%d pages show no ticket", empty)
	}
	return err
}
