package main

import (
	"context"

	"marketplace/services/orders/sale"
	"marketplace/shared/events"
)

// onTicket keeps the sale's copy of a ticket current. Older news changes nothing.
func (s *server) onTicket(ctx context.Context, t events.Ticket) error {
	_, err := s.sales.Upsert(ctx, t.ID, func(sl *sale.Sale) error {
		sl.Follow(t.UserID, sale.Ticket{ID: t.ID, Title: t.Title, Price: t.Price, Version: t.Version})
		return nil
	})
	return err
}
