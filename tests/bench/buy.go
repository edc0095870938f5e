package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// trading is how it went when orders were placed at a rate and each was paid at once.
type trading struct {
	place, pay vegeta.Metrics
	placed     []order
	failure    error // the first answer that was not wanted
	ended      time.Time
}

// buy places an order for each ticket at a rate, purchases a second, and pays for each as soon as it is placed.
func (m *market) buy(ctx context.Context, rate int, ids []string) *trading {
	t, paid := &trading{}, make(chan error)
	trail := trail{placed: make(chan order, len(ids)), next: make(chan order, len(ids))}
	payments := numbered(http.MethodPost, func(int) (string, string, string) {
		o := <-trail.next
		return m.URL + "/api/payments", m.cookieOf[o.UserID], `{"orderId":"` + o.ID + `","token":"tok_visa"}`
	})
	go func() { paid <- attack(ctx, http.StatusCreated, payments, trail, t.pay.Add) }()
	t.failure = attack(ctx, http.StatusCreated, m.ordering(ids), until{perSecond: rate, n: len(ids)}, func(r *vegeta.Result) {
		t.place.Add(r)
		var o order
		if r.Code == http.StatusCreated && json.Unmarshal(r.Body, &o) == nil {
			t.placed = append(t.placed, o)
			trail.placed <- o
		}
	})
	close(trail.placed)
	if err := <-paid; t.failure == nil {
		t.failure = err
	}
	t.ended = time.Now()
	t.place.Close()
	t.pay.Close()
	return t
}

// ordering orders one ticket after the other, for one buyer after the other.
func (m *market) ordering(ids []string) vegeta.Targeter {
	return numbered(http.MethodPost, func(i int) (string, string, string) {
		return m.URL + "/api/orders", m.cookies[i%len(m.cookies)], `{"ticketId":"` + ids[i] + `"}`
	})
}

// trail is the pace of those who pay: as orders are placed. It waits for an order before it lets a request begin, so that
// the waiting is no part of the request's latency.
type trail struct{ placed, next chan order }

func (t trail) Pace(time.Duration, uint64) (time.Duration, bool) {
	o, more := <-t.placed
	if more {
		t.next <- o
	}
	return 0, !more
}

func (t trail) Rate(time.Duration) float64 { return 0 }

// errBehind is returned for a rate that is not sustained.
var errBehind = errors.New("not sustained")

// sustain tries a rate for some time. It returns errBehind when something did not keep up with it.
func (m *market) sustain(ctx context.Context, rate int, d time.Duration) error {
	ids, err := m.offer(ctx, rate*int(d.Seconds()))
	if err != nil {
		return err
	}
	t := m.buy(ctx, rate, ids)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	late, err := m.settle(ctx, t)
	if err != nil {
		return err
	}
	place, pay := t.place.Latencies.P90, t.pay.Latencies.P90
	say("%4d purchases a second: placing p90 %.0f ms, paying p90 %.0f ms, all settled %.0f ms after the load", rate, ms(place), ms(pay), ms(late))
	if t.failure != nil {
		return fmt.Errorf("%w: %w", errBehind, t.failure)
	}
	if late > settledWithin || place > answeredWithin || pay > answeredWithin {
		return errBehind
	}
	return nil
}
