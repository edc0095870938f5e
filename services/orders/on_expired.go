package main

import (
	"context"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// overduePrefix begins the name of the job that ends an order whose timer rang early; the order's id follows.
const overduePrefix = "overdue-"

// onExpired gives the ticket back when nobody paid in time. Late or twice: no change, no event. A ring that is early,
// because the clock that rang is ahead of ours, comes again as a job of our own: that is repeated until our clock has
// got there, and keeps no other event waiting meanwhile.
func (s *server) onExpired(ctx context.Context, e events.Expiration) error {
	_, err := s.expire(ctx, dapr.ByRepeat, e.OrderID, e.ExpiresAt.Time)
	if fault.KindOf(err) == fault.Early {
		return s.timers.Schedule(ctx, overduePrefix+e.OrderID, e.ExpiresAt.Time)
	}
	return err
}

// onOverdue is the job that onExpired has set. It returns Early, which repeats it, until the order has ended.
func (s *server) onOverdue(ctx context.Context, orderID string) error {
	_, err := s.expire(ctx, dapr.ByRepeat, orderID, time.Time{})
	return err
}

// expire ends an order whose deadline has passed, zero for whichever it has. It returns Early before that.
func (s *server) expire(ctx context.Context, by dapr.Promise, orderID string, deadline time.Time) (sale.Sale, error) {
	ticketID, err := sale.TicketOf(orderID)
	if err != nil {
		return sale.Sale{}, fault.New(fault.Invalid, "%q is no order", orderID)
	}
	return s.sales.Update(ctx, by, ticketID, func(sl *sale.Sale) error {
		return sl.Expire(orderID, deadline, s.now())
	})
}
