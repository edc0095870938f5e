package main

import (
	"context"
	"net/http"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// onTicket keeps the sale's copy of a ticket current. Older news changes nothing.
func (s *server) onTicket(ctx context.Context, t events.Ticket) error {
	_, err := s.follow(ctx, dapr.ByRepeat, t.UserID, sale.Ticket{ID: t.ID, Title: t.Title, Price: t.Price, Version: t.Version, Occasion: t.Occasion, Withdrawn: t.Withdrawn})
	return err
}

func (s *server) follow(ctx context.Context, by dapr.Promise, seller string, t sale.Ticket) (sale.Sale, error) {
	return s.sales.Upsert(ctx, by, t.ID, func(sl *sale.Sale) error {
		sl.Follow(seller, t)
		return nil
	})
}

// learn asks tickets about a ticket, as it is now: the event of that may still be on its way. It returns NotFound when there
// is none.
func (s *server) learn(ctx context.Context, ticketID string) (sale.Sale, error) {
	var t struct { // what the API promises of a ticket, as far as a sale needs it
		sale.Ticket
		UserID string `json:"userId"`
	}
	if err := s.services.Invoke(ctx, "tickets", http.MethodGet, "/api/tickets/"+ticketID, nil, &t); err != nil {
		return sale.Sale{}, err
	}
	return s.follow(ctx, dapr.ByNudge, t.UserID, t.Ticket)
}
