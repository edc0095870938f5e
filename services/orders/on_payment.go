package main

import (
	"context"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onPayment completes an order. A refund changes nothing here: its order was cancelled before.
func (s *server) onPayment(ctx context.Context, p events.Payment) error {
	if p.Refunded {
		return nil
	}
	ticketID, err := sale.TicketOf(p.OrderID)
	if err != nil {
		return fault.New(fault.Invalid, "payment %s is for %q, which is no order", p.ID, p.OrderID)
	}
	_, err = s.sales.Update(ctx, dapr.ByRepeat, ticketID, func(sl *sale.Sale) error { return sl.Paid(p.OrderID, p.ID) })
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	// Money for an order that ended so long ago that it was shelved: back to where it can be noted, and returned.
	o, err := s.archive.Get(ctx, p.OrderID)
	if err != nil {
		return err
	}
	_, err = s.sales.Update(ctx, dapr.ByRepeat, ticketID, func(sl *sale.Sale) error {
		sl.Restore(o)
		return sl.Paid(p.OrderID, p.ID)
	})
	return err
}
