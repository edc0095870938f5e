package main

import (
	"context"
	"net/http"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onAccount takes the tickets of who has deleted his account off the market. Who holds one at that moment may buy it: nobody
// hands it over, and the money goes back by itself. Nobody holds it after him.
func (s *server) onAccount(ctx context.Context, a events.Account) error {
	if a.News != "deleted" {
		return nil
	}
	for from, more := 0, true; more; {
		ids, next, err := s.sellers.Newest(ctx, a.ID, from, stockPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.retire(ctx, id, a.ID); err != nil {
				return err
			}
		}
		from, more = next, next > 0
	}
	return nil
}

// retire withdraws a ticket that its seller has listed, held or not. Orders hears of it at once: it takes no further hold then.
func (s *server) retire(ctx context.Context, id, seller string) error {
	t, err := s.tickets.Update(ctx, dapr.ByRepeat, id, func(t *ticket.Ticket) error {
		if t.UserID == seller {
			t.Retire()
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound { // on the list, and never listed
		return nil
	}
	if err != nil {
		return err
	}
	s.catalogue.Put(t)
	if t.Sold || t.UserID != seller {
		return nil
	}
	err = s.services.Invoke(ctx, "orders", http.MethodPost, "/internal/tickets/"+id+"/withdrawal", nil, nil)
	if kind := fault.KindOf(err); kind == fault.Refused || kind == fault.NotFound {
		return nil
	}
	return err
}
