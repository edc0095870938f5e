package main

import (
	"context"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onExpired gives the ticket back when nobody paid in time. Early, late or twice: no change, no event.
func (s *server) onExpired(ctx context.Context, e events.Expiration) error {
	_, err := s.expire(ctx, dapr.ByRepeat, e.OrderID)
	return err
}

func (s *server) expire(ctx context.Context, by dapr.Promise, orderID string) (sale.Sale, error) {
	ticketID, err := sale.TicketOf(orderID)
	if err != nil {
		return sale.Sale{}, fault.New(fault.Invalid, "%q is no order", orderID)
	}
	return s.sales.Update(ctx, by, ticketID, func(sl *sale.Sale) error {
		sl.Expire(orderID, s.now())
		return nil
	})
}
