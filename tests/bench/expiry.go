package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
)

// lateness is how long after their deadlines orders were cancelled, in ms.
type lateness struct {
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Early   int     `json:"early"`   // cancelled before their deadline
	Pending int     `json:"pending"` // orders with a timer of their own meanwhile
}

const (
	shortHold  = 5 * time.Second        // of the orders that expire
	lookBefore = 100 * time.Millisecond // their deadline they are looked at the first time
	orderEvery = 50 * time.Millisecond  // one of them is placed
)

// expiries leaves many orders pending, starts orders anew with a short hold, and watches others expire.
func (b *bench) expiries(ctx context.Context, m *market) error {
	say("placing %d orders that stay pending", b.pending)
	ids, err := m.offer(ctx, b.pending)
	if err != nil {
		return err
	}
	if err := attack(ctx, http.StatusCreated, m.ordering(ids), until{n: len(ids)}, nil, workers(16)); err != nil {
		return err
	}
	if _, err := quiet(ctx, m.Stack); err != nil { // every timer is set
		return err
	}
	err = errors.Join(m.SetEnv("orders", "ORDER_HOLD", shortHold.String()), m.Kill("orders"), m.Revive(ctx, "orders"), m.Healthy(ctx))
	if err != nil {
		return err
	}
	if ids, err = m.offer(ctx, b.expiring); err != nil {
		return err
	}
	say("watching %d orders expire", len(ids))
	placed, failed := make(chan order, len(ids)), make(chan error, 1)
	go func() {
		for i, id := range ids {
			o, err := m.place(ctx, i, id)
			if err = errors.Join(err, pause(ctx, orderEvery)); err != nil {
				failed <- err
				return
			}
			placed <- o
		}
	}()
	b.found.Expiry, err = m.expire(ctx, len(ids), placed, failed)
	b.found.Expiry.Pending = b.pending
	return err
}

// expire looks at n orders' documents, from shortly before each deadline until it says cancelled. To ask the API would
// prove nothing: it ends an overdue order by itself.
func (m *market) expire(ctx context.Context, n int, placed chan order, failed chan error) (l lateness, err error) {
	var late vegeta.LatencyMetrics
	for waiting := []order(nil); n > 0; {
		select {
		case o := <-placed:
			waiting = append(waiting, o)
			continue
		case err := <-failed:
			return l, err
		case <-time.After(lookEvery):
		}
		var still []order
		for _, o := range waiting {
			ended, after := false, -lookBefore
			if time.Until(o.ExpiresAt.Time) < lookBefore {
				if ended, after, err = m.ended(ctx, o); err != nil {
					return l, err
				}
			}
			if !ended {
				still = append(still, o)
				continue
			}
			if n--; after < 0 {
				l.Early++
			}
			late.Add(max(after, 0))
		}
		waiting = still
	}
	q := quantilesOf(late)
	l.P50, l.P99 = q.P50, q.P99
	return l, nil
}

// ended tells whether the order's document says cancelled, and how long after its deadline that was read.
func (m *market) ended(ctx context.Context, o order) (bool, time.Duration, error) {
	s, err := dapr.NewCollection[sale.Sale]("sale", m.orders).Get(ctx, o.Ticket.ID)
	after := time.Since(o.ExpiresAt.Time)
	if err == nil && after > time.Minute {
		err = fmt.Errorf("order %s has not ended a minute after its deadline", o.ID)
	}
	if err != nil {
		return false, after, err
	}
	return s.Order(o.ID).Status == sale.Cancelled, after, nil
}
