package main

import (
	"context"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onPayment completes an order, or ends it when the money was returned by hand.
func (s *server) onPayment(ctx context.Context, p events.Payment) error {
	ticketID, err := sale.TicketOf(p.OrderID)
	if err != nil {
		return fault.New(fault.Invalid, "payment %s is for %q, which is no order", p.ID, p.OrderID)
	}
	if p.Refunded {
		_, err = s.sales.Update(ctx, dapr.ByRepeat, ticketID, func(sl *sale.Sale) error { return sl.Refund(p.OrderID, p.ID) })
		if fault.KindOf(err) == fault.NotFound {
			return nil // shelved, so cancelled long ago: that is why the money went back
		}
		return err
	}
	_, err = s.sales.Update(ctx, dapr.ByRepeat, ticketID, func(sl *sale.Sale) error { return sl.Paid(p.OrderID, p.ID, newCode()) })
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
		return sl.Paid(p.OrderID, p.ID, newCode())
	})
	return err
}
