package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// lookEvery is the pause between two looks at something. A look takes a while too: what is measured is that much coarse.
const lookEvery = 2 * time.Millisecond

// watch places n orders, one after the other with a pause in between, and times from each answer to the moment when
// tickets, which hears of the order by its event, shows it.
func (m *market) watch(ctx context.Context, n int, between time.Duration) (quantiles, error) {
	ids, err := m.offer(ctx, n)
	if err != nil {
		return quantiles{}, err
	}
	var all vegeta.LatencyMetrics
	for i, id := range ids {
		late, err := m.arrival(ctx, i, id)
		if err = errors.Join(err, pause(ctx, between)); err != nil {
			return quantiles{}, err
		}
		all.Add(late)
	}
	q := quantilesOf(all)
	q.P90 = 0
	return q, nil
}

func (m *market) arrival(ctx context.Context, buyer int, ticketID string) (time.Duration, error) {
	o, err := m.place(ctx, buyer, ticketID)
	if err != nil {
		return 0, err
	}
	for answered := time.Now(); ; {
		var shown struct{ OrderID string }
		if _, _, err := m.call(ctx, http.MethodGet, "/api/tickets/"+ticketID, "", "", &shown); err != nil {
			return 0, err
		}
		since := time.Since(answered)
		if shown.OrderID == o.ID {
			return since, nil
		}
		if since > 30*time.Second {
			return 0, fmt.Errorf("tickets has not heard of order %s within 30 s", o.ID)
		}
		if err := pause(ctx, lookEvery); err != nil {
			return 0, err
		}
	}
}

// watching is watch while others buy at half the highest rate. It is a run of its own, since looking costs something.
func (b *bench) watching(ctx context.Context, m *market) error {
	rate := b.found.Purchase.PerS / 2
	say("watching events arrive at %d purchases a second", rate)
	ids, err := m.offer(ctx, rate*int(b.loaded.Seconds())/2)
	if err != nil {
		return err
	}
	others := make(chan *trading, 1)
	go func() { others <- m.buy(ctx, rate, ids) }()
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	const between = 60 * time.Millisecond
	b.found.Event.Half, err = m.watch(ctx, int((b.loaded/2-2*time.Second)/(2*between)), between)
	t := <-others
	if err = errors.Join(err, t.failure); err != nil {
		return err
	}
	_, err = m.settle(ctx, t)
	return err
}
