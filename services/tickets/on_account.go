package main

import (
	"context"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onAccount takes the tickets of who has deleted his account off the market. One that somebody holds at that moment stays as it
// is: when it is bought, nobody hands it over, and the money goes back by itself.
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
			if err := s.takeOff(ctx, dapr.ByRepeat, id, a.ID, nil); err != nil && fault.KindOf(err) != fault.Refused && fault.KindOf(err) != fault.NotFound {
				return err
			}
		}
		from, more = next, next > 0
	}
	return nil
}
