package main

import (
	"context"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// onTicket keeps the sale's copy of a ticket current. Older news changes nothing.
func (s *server) onTicket(ctx context.Context, t events.Ticket) error {
	return s.follow(ctx, dapr.ByRepeat, t.UserID, sale.Ticket{ID: t.ID, Title: t.Title, Price: t.Price, Version: t.Version, Occasion: t.Occasion})
}

func (s *server) follow(ctx context.Context, by dapr.Promise, seller string, t sale.Ticket) error {
	_, err := s.sales.Upsert(ctx, by, t.ID, func(sl *sale.Sale) error {
		sl.Follow(seller, t)
		return nil
	})
	return err
}
