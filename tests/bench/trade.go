package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// A rate counts as sustained when nothing failed, everything was settled everywhere this soon after the load had ended,
// and nine answers in ten came this soon: with less, a backlog grows as long as the load lasts.
const (
	settledWithin  = time.Second
	answeredWithin = 300 * time.Millisecond
)

// firstRate is the first to be tried, purchases a second.
const firstRate = 16

// work is what the marketplace did at half its rate, and the floor is to do.
type work struct {
	Rate     int     // purchases a second
	Calls    traffic // each service's, per purchase
	Document int     // bytes that a document has
	Event    int     // bytes that an event's payload has
}

// trade measures all that people do in a marketplace of normal size.
func (b *bench) trade(parent context.Context) (w work, err error) {
	began := time.Now()
	ctx, s, err := b.start(parent, "market", "bin", map[string]string{"HOLDS_PER_BUYER": "0"}) // buyers are few
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	b.found.StartS = round(time.Since(began).Seconds())
	m, err := openMarket(ctx, s)
	if err != nil {
		return w, err
	}
	for _, part := range []struct {
		name string
		once bool // is enough, even on a busy machine
		take func(context.Context, *market) error
	}{
		{"idle", false, b.idle},
		{"purchase", true, b.highest},
		{"half the rate", false, func(ctx context.Context, m *market) error { w, err = b.half(ctx, m); return err }},
		{"event_ms", false, b.watching},
		{"hot_ticket", false, b.rush},
		{"rss_mb", true, func(context.Context, *market) error { b.found.RSS.After, err = memory(s); return err }},
		{"listing", false, b.listings},
		{"overload", true, b.overload},
		{"expiry_ms", true, b.expiries},
	} {
		take := func() error { return part.take(ctx, m) }
		if err := b.insist(s, part.once, take); err != nil {
			return w, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return w, nil
}

// idle looks at a marketplace in which nothing happens, and then one thing after the other.
func (b *bench) idle(ctx context.Context, m *market) (err error) {
	if _, err := quiet(ctx, m.Stack); err != nil {
		return err
	}
	if b.found.RSS.Idle, err = memory(m.Stack); err != nil {
		return err
	}
	const rest = 3
	c, _, err := b.measure(ctx, m.Stack, rest, func() error { return pause(ctx, rest*time.Second-leftover) })
	if err != nil {
		return err
	}
	b.found.idle = c.Total
	say("watching events arrive while nothing else happens")
	if _, err := m.watch(ctx, 5, 0); err != nil { // connections are made
		return err
	}
	b.found.Event.Idle, err = m.watch(ctx, b.looks, 20*time.Millisecond)
	return err
}

// highest looks for the highest rate of purchases that the marketplace sustains.
func (b *bench) highest(ctx context.Context, m *market) error {
	if err := m.sustain(ctx, firstRate, 2*time.Second); err != nil && !errors.Is(err, errBehind) { // connections are made
		return err
	}
	low, high, over := 0, 0, false
	for tries := 0; !over || tries < b.narrowing; {
		rate := max(2*low, firstRate)
		if over {
			rate, tries = (low+high)/2, tries+1
		}
		err := b.insist(m.Stack, true, func() error { return m.sustain(ctx, rate, b.try) })
		switch {
		case err == nil:
			low = rate
		case !errors.Is(err, errBehind):
			return err
		default:
			if high, over = rate, true; low == 0 {
				return fmt.Errorf("%d a second: %w", rate, err)
			}
		}
	}
	b.found.Purchase.PerS = low
	return nil
}

// half measures latency and cost at half that rate.
func (b *bench) half(ctx context.Context, m *market) (w work, err error) {
	w.Rate = b.found.Purchase.PerS / 2
	n := w.Rate * int(b.loaded.Seconds())
	say("%d purchases, %d a second, for latency and cost", n, w.Rate)
	ids, err := m.offer(ctx, n)
	if err != nil {
		return w, err
	}
	var t *trading
	b.found.CPU, w.Calls, err = b.measure(ctx, m.Stack, n, func() error {
		t = m.buy(ctx, w.Rate, ids)
		return t.failure
	})
	if err != nil {
		return w, err
	}
	if _, err := m.settle(ctx, t); err != nil {
		return w, err
	}
	b.found.Purchase.Place, b.found.Purchase.Pay = quantilesOf(t.place.Latencies), quantilesOf(t.pay.Latencies)
	b.found.Calls = w.Calls.all().byKind()
	for kind, n := range b.found.Calls {
		b.found.Calls[kind] = round(n)
	}
	b.found.work, w.Event = w, int(t.place.BytesIn.Mean) // an order's event says what the answer says
	w.Document, err = m.documentSize(ctx, t.placed[0])
	return w, err
}

// quantiles of times in ms.
type quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90,omitempty"`
	P99 float64 `json:"p99"`
}

func quantilesOf(l vegeta.LatencyMetrics) quantiles {
	return quantiles{ms(l.Quantile(0.50)), ms(l.Quantile(0.90)), ms(l.Quantile(0.99))}
}
