package main

import (
	"context"
	"net/http"

	"marketplace/services/handover/handover"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onTicket keeps our copy of a ticket current: whose it is, and when it is good. Older news changes nothing.
func (s *server) onTicket(ctx context.Context, t events.Ticket) error {
	_, err := s.follow(ctx, dapr.ByRepeat, t.UserID, handover.Ticket{ID: t.ID, Title: t.Title, Price: t.Price, Version: t.Version, Occasion: t.Occasion})
	return err
}

func (s *server) follow(ctx context.Context, by dapr.Promise, seller string, t handover.Ticket) (handover.Handover, error) {
	return s.handovers.Upsert(ctx, by, t.ID, func(h *handover.Handover) error {
		h.Follow(seller, t)
		return nil
	})
}

// known is what we know of a ticket. Tickets is asked about one that no event has told us of yet. It returns NotFound when
// there is none.
func (s *server) known(ctx context.Context, ticketID string) (handover.Handover, error) {
	h, err := s.handovers.Get(ctx, ticketID)
	if fault.KindOf(err) != fault.NotFound {
		return h, err
	}
	var t struct { // what the API promises of a ticket, as far as it is needed here
		handover.Ticket
		UserID string `json:"userId"`
	}
	if err := s.services.Invoke(ctx, "tickets", http.MethodGet, "/api/tickets/"+ticketID, nil, &t); err != nil {
		return h, err
	}
	return s.follow(ctx, dapr.ByNudge, t.UserID, t.Ticket)
}
