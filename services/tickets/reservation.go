package main

import (
	"context"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onOrder follows a ticket's sale: held, free again, or sold.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	_, err := s.tickets.Update(ctx, dapr.ByRepeat, o.Ticket.ID, func(t *ticket.Ticket) error {
		t.Follow(saleOf(o))
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Invalid, "order %s is for ticket %s, which does not exist", o.ID, o.Ticket.ID) // no ticket is announced before it is saved
	}
	return err
}

func saleOf(o events.Order) ticket.Sale {
	return ticket.Sale{
		Version:  o.SaleVersion,
		OrderID:  o.ID,
		Ended:    o.Status == events.StatusCancelled,
		Complete: o.Status == events.StatusComplete || o.Status == events.StatusRefunded,
		Refunded: o.Status == events.StatusRefunded,
		Deadline: o.ExpiresAt.Time,
	}
}
