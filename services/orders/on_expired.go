package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// overduePrefix begins the name of the job that ends an order whose timer rang too early for that; the order's id follows.
const overduePrefix = "overdue-"

// onExpired gives the ticket back when nobody paid in time. Late or twice: no change, no event. A ring that is early,
// because the clock that rang is ahead of ours or because payments does not say whether the order was paid, comes again as
// a job of our own: that is repeated until it can be decided, and keeps no other event waiting meanwhile.
func (s *server) onExpired(ctx context.Context, e events.Expiration) error {
	trace.Is(ctx, "expire")
	_, err := s.expire(ctx, dapr.ByRepeat, e.OrderID, e.ExpiresAt.Time)
	switch fault.KindOf(err) {
	case fault.Early:
		return s.timers.Schedule(ctx, overduePrefix+e.OrderID, e.ExpiresAt.Time)
	case fault.NotFound:
		return fault.New(fault.Invalid, "the timer of %s is for a ticket that was never sold", e.OrderID) // a sale is there before its orders are
	}
	return err
}

// onOverdue is the job that onExpired has set. It returns Early, which repeats it, until the order has ended.
func (s *server) onOverdue(ctx context.Context, orderID string) error {
	trace.Is(ctx, "expire")
	_, err := s.expire(ctx, dapr.ByRepeat, orderID, time.Time{})
	return err
}

// endOverdue ends an order whose timer was lost. It returns Early while its time is not over, or nobody knows whether it was paid.
func (s *server) endOverdue(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if _, err := sale.TicketOf(id); err != nil {
		return err
	}
	if _, err := s.expire(r.Context(), dapr.ByRepeat, id, time.Time{}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// expire ends an order whose deadline has passed, zero for whichever it has. It returns Early before that, and while nobody
// knows whether the order was paid.
func (s *server) expire(ctx context.Context, by dapr.Promise, orderID string, deadline time.Time) (sale.Sale, error) {
	ticketID, err := sale.TicketOf(orderID)
	if err != nil {
		return sale.Sale{}, fault.New(fault.Invalid, "%q is no order", orderID)
	}
	trace.About(ctx, trace.Order(orderID), trace.Ticket(ticketID))
	sl, err := s.sales.Update(ctx, by, ticketID, func(sl *sale.Sale) error {
		return sl.Expire(orderID, deadline, s.now())
	})
	if !errors.Is(err, sale.ErrUnsettled) {
		return sl, err
	}
	if err := s.endUnsettled(ctx, by, ticketID); err != nil {
		return sale.Sale{}, err
	}
	return s.sales.Get(ctx, ticketID)
}

// endUnsettled ends the order that holds a ticket and whose time ran out while it was being paid for. Payments knows whether
// the money was taken: its event may wait for a broker that is away, and expiry must not overtake it. Unless payments
// answers, it returns Early.
func (s *server) endUnsettled(ctx context.Context, by dapr.Promise, ticketID string) error {
	sl, err := s.sales.Get(ctx, ticketID)
	if err != nil {
		return err
	}
	o := sl.Current()
	if o == nil || !o.Overdue(s.now()) {
		return nil // ended meanwhile
	}
	var p struct{ ID, Status string }
	err = s.services.Invoke(ctx, "payments", http.MethodGet, "/internal/payments/"+o.ID, nil, &p)
	if err != nil {
		early := fault.New(fault.Early, "order %s may have been paid for", o.ID)
		early.Cause = fmt.Errorf("payments does not say: %w", err)
		return early
	}
	_, err = s.sales.Update(ctx, by, ticketID, func(sl *sale.Sale) error {
		if p.Status == "succeeded" {
			return sl.Paid(o.ID, p.ID, newCode())
		}
		sl.EndUnpaid(o.ID, s.now())
		return nil
	})
	return err
}
