package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/fault"
	"marketplace/shared/service"
)

// overloads are how many times as much as it can do the marketplace is asked for.
var overloads = []int{3, 10}

// overload is what became of that. Times are in ms.
type overload struct {
	Times      int     `json:"times"`
	AskedPerS  int     `json:"asked_per_s"` // orders
	PaidPerS   float64 `json:"paid_per_s"`
	Share      float64 `json:"share"` // of the highest rate that is sustained
	PlaceP99   float64 `json:"place_p99_ms"`
	PayP99     float64 `json:"pay_p99_ms"`
	Refused    int     `json:"refused"`
	RefusedP99 float64 `json:"refused_p99_ms"`
	Unpaid     int     `json:"unpaid"`     // placed orders that were refused when they were paid for
	Errors     int     `json:"errors"`     // orders that were answered otherwise
	LagP99     float64 `json:"lag_p99_ms"` // from a payment's answer until orders and tickets have heard of it, seen in their documents
	LagMost    float64 `json:"lag_most_ms"`
	Settled    float64 `json:"settled_ms"` // from the end until everything was settled
}

// overloaded is OVERLOAD=1: it measures this and nothing else.
func (b *bench) overloaded(parent context.Context) (err error) {
	if err := b.prepare(parent); err != nil {
		return err
	}
	ctx, s, err := b.start(parent, "overload", "bin", map[string]string{"HOLDS_PER_BUYER": "0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	m, err := openMarket(ctx, s)
	if err != nil {
		return err
	}
	if err := b.highest(ctx, m); err != nil {
		return err
	}
	return b.overload(ctx, m)
}

// overload asks for several times as much as the marketplace sustains.
func (b *bench) overload(ctx context.Context, m *market) error {
	b.found.Overload = nil
	for _, times := range overloads {
		say("%d times as many orders as it can do, for %v", times, b.rushing)
		o, err := m.ask(ctx, times, b.found.Purchase.PerS, b.rushing)
		if err != nil {
			return fmt.Errorf("%d times as much: %w", times, err)
		}
		b.found.Overload = append(b.found.Overload, o)
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// ask places orders at a number of times a rate, and pays for each that is placed. A ticket that was refused is asked for again.
func (m *market) ask(ctx context.Context, times, best int, d time.Duration) (o overload, err error) {
	rate := times * best
	ids, err := m.offer(ctx, best*int(d.Seconds())*3/2+2*rate)
	if err != nil {
		return o, err
	}
	free := make(chan string, len(ids))
	for _, id := range ids {
		free <- id
	}
	var next atomic.Int64
	orders := func(t *vegeta.Target) error {
		select {
		case id := <-free:
			i := int(next.Add(1))
			header := head(m.cookies[i%len(m.cookies)])
			header.Set(service.RequestID, id) // the answer has it too
			*t = vegeta.Target{Method: http.MethodPost, URL: m.URL + "/api/orders", Header: header, Body: []byte(`{"ticketId":"` + id + `"}`)}
			return nil
		default:
			return vegeta.ErrNoTargets
		}
	}
	t, paid := &trading{}, make(chan error)
	trail := trail{placed: make(chan order, len(ids)), next: make(chan order, len(ids))}
	payments := numbered(http.MethodPost, func(int) (string, string, string) {
		o := <-trail.next
		return m.URL + "/api/payments", m.cookieOf[o.UserID], `{"orderId":"` + o.ID + `","token":"tok_visa"}`
	})
	lags := m.lags(ctx)
	o = overload{Times: times, AskedPerS: rate}
	var place, pay, refused vegeta.LatencyMetrics
	var settled []order
	began := time.Now()
	go func() {
		paid <- attack(ctx, http.StatusCreated, payments, trail, func(r *vegeta.Result) {
			if r.Code != http.StatusCreated {
				o.Unpaid++
				return
			}
			pay.Add(r.Latency)
			if time.Since(began) < d {
				o.PaidPerS++
			}
		})
	}()
	var other error
	_ = attack(ctx, http.StatusCreated, orders, until{perSecond: rate, time: d}, func(r *vegeta.Result) {
		id := r.Headers.Get(service.RequestID)
		switch placed := (order{}); {
		case r.Code == http.StatusCreated && json.Unmarshal(r.Body, &placed) == nil:
			place.Add(r.Latency)
			settled = append(settled, placed)
			trail.placed <- placed
			lags.of(placed)
		case r.Code == http.StatusServiceUnavailable && fault.CodeOf(readFault(r)) == fault.Overloaded:
			refused.Add(r.Latency)
			o.Refused++
			free <- id
		default:
			if o.Errors++; other == nil {
				other = fmt.Errorf("%d %s %.200s", r.Code, r.Error, r.Body)
			}
		}
	})
	close(trail.placed)
	unpaid := <-paid
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	if unpaid != nil {
		say("a payment was answered with %v", unpaid)
	}
	if other != nil {
		say("an order was answered with %v", other)
	}
	t.placed, t.ended, t.failure = settled, time.Now(), unpaid
	late, err := m.settle(ctx, t)
	if err != nil {
		return o, err
	}
	lag, most := lags.end()
	o.PaidPerS = round(o.PaidPerS / d.Seconds())
	o.Share = round(o.PaidPerS / float64(best))
	o.PlaceP99, o.PayP99, o.RefusedP99 = ms(place.Quantile(0.99)), ms(pay.Quantile(0.99)), ms(refused.Quantile(0.99))
	o.LagP99, o.LagMost, o.Settled = ms(lag.Quantile(0.99)), ms(most), ms(late)
	say("%3d times: asked %d a second, paid %.1f a second (%.0f %% of %d), place p50 %.0f p99 %.0f, pay p99 %.0f, refused %d p50 %.1f p99 %.1f, unpaid %d, errors %d, events p50 %.0f p99 %.0f most %.0f, settled after %.0f ms",
		times, rate, o.PaidPerS, 100*o.Share, best, ms(place.Quantile(0.5)), o.PlaceP99, o.PayP99, o.Refused, ms(refused.Quantile(0.5)), o.RefusedP99, o.Unpaid, o.Errors, ms(lag.Quantile(0.5)), o.LagP99, o.LagMost, o.Settled)
	return o, nil
}

func readFault(r *vegeta.Result) error {
	if said := fault.Read(int(r.Code), r.Body); said != nil {
		return said
	}
	return errors.New("no answer of ours")
}

// lags follows some of the orders that were placed until they are complete everywhere.
type lags struct {
	m     *market
	ctx   context.Context
	all   sync.WaitGroup
	mu    sync.Mutex
	last  time.Time
	found vegeta.LatencyMetrics
	most  time.Duration
}

const followEvery = 200 * time.Millisecond

func (m *market) lags(ctx context.Context) *lags { return &lags{m: m, ctx: ctx} }

// of follows o if it is time to follow another.
func (l *lags) of(o order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last) < followEvery {
		return
	}
	l.last = time.Now()
	l.all.Go(func() { l.follow(o) })
}

// follow waits until o is paid, and from then until its ticket is sold and it is complete.
func (l *lags) follow(o order) {
	var paidAt time.Time
	for began := time.Now(); time.Since(began) < settleLimit && pause(l.ctx, 20*time.Millisecond) == nil; {
		if paidAt.IsZero() {
			if n, err := count(l.ctx, l.m.payments, "payment", []string{o.ID}, isPaid); err == nil && n == 1 {
				paidAt = time.Now()
			}
			continue
		}
		sold, err := count(l.ctx, l.m.tickets, "ticket", []string{o.Ticket.ID}, func(t ticket.Ticket) bool { return t.Sold })
		if err != nil || sold == 0 {
			continue
		}
		complete, err := count(l.ctx, l.m.orders, "sale", []string{o.Ticket.ID}, isComplete)
		if err != nil || complete == 0 {
			continue
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		late := time.Since(paidAt)
		l.found.Add(late)
		l.most = max(l.most, late)
		return
	}
}

// end waits for those that are followed.
func (l *lags) end() (vegeta.LatencyMetrics, time.Duration) {
	l.all.Wait()
	return l.found, l.most
}

func isPaid(p payment.Payment) bool { return p.Status == payment.Succeeded }

func isComplete(s sale.Sale) bool {
	return slices.ContainsFunc(s.Orders, func(o sale.Order) bool { return o.Status == sale.Complete })
}

// printOverload writes that part of the table.
func (f *figures) printOverload(w io.Writer) {
	fmt.Fprintf(w, "\noverload: several times as many orders as it sustains (%d purchases a second), in an open loop for %v, each paid for as soon as it is placed. Paid: a second, while it\n"+
		"  lasted, and as a share of what is sustained. Latency of what was let in, and of refusals (503, overloaded), in ms. Unpaid: placed orders whose payment was refused.\n"+
		"  Events: from a payment that is made until its order is complete and its ticket sold, of five orders a second, and from the end until all are\n", f.Purchase.PerS, f.size.rushing)
	fmt.Fprintf(w, "  %-6s %8s %8s %8s %10s %10s %10s %12s %8s %8s %10s %10s %10s\n", "times", "asked/s", "paid/s", "share", "place p99", "pay p99", "refused", "refused p99", "unpaid", "errors", "event p99", "event most", "settled")
	for _, o := range f.Overload {
		fmt.Fprintf(w, "  %-6d %8d %8.1f %8.2f %10.0f %10.0f %10d %12.1f %8d %8d %10.0f %10.0f %10.0f\n", o.Times, o.AskedPerS, o.PaidPerS, o.Share, o.PlaceP99, o.PayP99, o.Refused, o.RefusedP99, o.Unpaid, o.Errors, o.LagP99, o.LagMost, o.Settled)
	}
}
