package main

import (
	"context"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onAccount takes the tickets of who has deleted his account off the market. Who holds one at that moment may buy it all the same,
// as orders has it: what was not attached before nobody hands over, and the money goes back by itself.
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
			if err := s.retire(ctx, id, a.ID); err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
		}
		from, more = next, next > 0
	}
	return nil
}

func (s *server) retire(ctx context.Context, id, seller string) error {
	t, err := s.tickets.Update(ctx, dapr.ByRepeat, id, func(t *ticket.Ticket) error { return t.Retire(seller) })
	if err != nil {
		return err
	}
	s.catalogue.Put(t)
	return nil
}
