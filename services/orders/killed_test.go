package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
)

// Killed at any call of a sale's life, with that call done or not: what was asked for is asked for again by whoever does
// so, and in the end one thing is true and everybody was told of it.
func TestKilledAnywhere(t *testing.T) {
	const order = "FREE-ANN"
	held := func(s *market) {
		_, err := s.sales.Update(context.Background(), dapr.ByRepeat, "FREE", func(sl *sale.Sale) error {
			return sl.Place(sale.Order{ID: order, UserID: "ann"}, s.terms, noon)
		})
		require.NoError(t, err)
	}
	paying := func(s *market) {
		held(s)
		_, err := s.sales.Update(context.Background(), dapr.ByRepeat, "FREE", func(sl *sale.Sale) error { return sl.BeginCheckout(order, "c1", time.Hour, noon) })
		require.NoError(t, err)
	}
	ticket := func(method, path, body string) *http.Request {
		return httptest.NewRequest(method, path, strings.NewReader(body))
	}
	people := func(r func() *http.Request) func(t *testing.T, s *market) error { // nobody repeats it
		return func(t *testing.T, s *market) error {
			return brief(func(ctx context.Context) error { s.as(t, "ann", r().WithContext(ctx), "web"); return nil })
		}
	}
	caller := func(r func() *http.Request) func(t *testing.T, s *market) error {
		return func(t *testing.T, s *market) error {
			return brief(func(ctx context.Context) error { s.as(t, "ann", r().WithContext(ctx), "payments"); return nil })
		}
	}
	for name, c := range map[string]struct {
		before func(*market)
		do     func(t *testing.T, s *market) error // an error is asked for again
		want   []sale.Status                       // of the order in the end, "" for none
	}{
		"place":  {nil, people(func() *http.Request { return ticket("POST", "/api/orders", `{"ticketId":"FREE"}`) }), []sale.Status{"", sale.Created}},
		"cancel": {held, people(func() *http.Request { return ticket("DELETE", "/api/orders/"+order, "") }), []sale.Status{sale.Created, sale.Cancelled}},
		"begin checkout": {held, caller(func() *http.Request {
			return ticket("POST", "/internal/orders/"+order+"/checkout", `{"userId":"ann","checkout":"c1"}`)
		}), []sale.Status{sale.Created, sale.Awaiting}},
		"end checkout": {paying, caller(func() *http.Request { return ticket("DELETE", "/internal/orders/"+order+"/checkout/c1", "") }), []sale.Status{sale.Awaiting}},
		"paid": {paying, func(t *testing.T, s *market) error {
			return brief(func(ctx context.Context) error {
				return s.onPayment(ctx, events.Payment{ID: "P", OrderID: order, Version: 1})
			})
		}, []sale.Status{sale.Complete}},
		"refunded": {func(s *market) {
			paying(s)
			require.NoError(t, s.onPayment(context.Background(), events.Payment{ID: "P", OrderID: order}))
		}, func(t *testing.T, s *market) error {
			return brief(func(ctx context.Context) error {
				return s.onPayment(ctx, events.Payment{ID: "P", OrderID: order, Version: 2, Refunded: true})
			})
		}, []sale.Status{sale.Refunded}},
		"expired": {held, func(t *testing.T, s *market) error {
			s.clock = noon.Add(s.terms.Hold)
			return brief(func(ctx context.Context) error {
				return s.onExpired(ctx, events.Expiration{OrderID: order, ExpiresAt: clock.At(noon.Add(s.terms.Hold))})
			})
		}, []sale.Status{sale.Cancelled}},
		"overdue": {held, func(t *testing.T, s *market) error {
			s.clock = noon.Add(s.terms.Hold)
			return brief(func(ctx context.Context) error {
				w := s.as(t, "", ticket("POST", "/internal/orders/"+order+"/overdue", "").WithContext(ctx), "tickets")
				if w.Code != http.StatusNoContent {
					return errors.New(w.Body.String())
				}
				return nil
			})
		}, []sale.Status{sale.Cancelled}},
	} {
		for calls := range 8 {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/after %d calls, the next done: %v", name, calls, effective), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { // nobody has to wait for the dead
						s := selling(t)
						sidecar := s.sidecar
						if c.before != nil {
							c.before(s)
						}
						sidecar.DieAfter(calls, effective)
						err := c.do(t, s)
						s.outbox.Wait()
						sidecar.Revive()

						s = replica(s)
						s.clock = noon.Add(time.Minute) // its nudges are old by now
						if err != nil {
							require.NoError(t, c.do(t, s), "asked for again")
						}
						for _, e := range sidecar.Published(s.outbox.Topic()) {
							require.NoError(t, s.outbox.Nudged(context.Background(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
						}
						told(t, s, sidecar, c.want)
					})
				})
			}
		}
	}
}

// brief bounds work whose sidecar may be dead.
func brief(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return do(ctx)
}

// told checks that the only order of FREE is as wanted, and that each of its versions was announced as it was.
func told(t *testing.T, s *market, sidecar *daprtest.Sidecar, want []sale.Status) {
	t.Helper()
	sl, err := s.sales.Get(context.Background(), "FREE")
	require.NoError(t, err)
	versions := map[int64]bool{}
	for _, e := range sidecar.Published(events.OrdersTopic) {
		var o events.Order
		require.NoError(t, json.Unmarshal(e.Data, &o))
		if o.Ticket.ID == "FREE" {
			versions[o.Version] = true
		}
	}
	if len(sl.Orders) == 0 {
		assert.Contains(t, want, sale.Status(""))
		assert.Empty(t, versions)
		return
	}
	o := sl.Orders[0]
	assert.Contains(t, want, o.Status)
	for v := range o.Version + 1 {
		assert.True(t, versions[v], "version %d of %d was announced", v, o.Version)
	}
	assert.Len(t, versions, int(o.Version)+1)
}
