package main

import (
	"context"
	"errors"
	"time"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/clock"
	"marketplace/shared/events"
)

const (
	stockPage  = 200                    // tickets read at a time
	stockPause = 5 * time.Second        // for so many, less for fewer
	stockLeast = 500 * time.Millisecond // for a shelf that is as good as empty
)

// stock fills the catalogue with what was listed before we started; until then the service is not ready. After that it
// reads everything again and again, slowly: a broadcast comes once at most.
func (s *server) stock(ctx context.Context) {
	s.readAll(ctx, func(int) {})
	if ctx.Err() == nil {
		close(s.stocked)
	}
	for ctx.Err() == nil {
		s.readAll(ctx, func(read int) { clock.Wait(ctx, max(stockPause*time.Duration(read)/stockPage, stockLeast)) })
	}
}

// readAll puts every ticket into the catalogue, and pauses after each page for as long as is right after so many.
func (s *server) readAll(ctx context.Context, pause func(read int)) {
	for _, shelf := range catalogue.Shelves() {
		for from, length := 0, 1; from < length && ctx.Err() == nil; {
			ids, n, err := s.everybody.Slice(ctx, shelf, from, stockPage)
			if err == nil {
				err = s.readSome(ctx, ids)
			}
			if err != nil {
				s.log.Info("catalogue waits for the store", "error", err)
				clock.Wait(ctx, 200*time.Millisecond)
				continue
			}
			from, length = from+stockPage, n
			pause(len(ids))
		}
	}
}

func (s *server) readSome(ctx context.Context, ids []string) error {
	tickets, err := s.tickets.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	for _, t := range tickets {
		s.catalogue.Put(t)
	}
	return nil
}

// hearTicket puts what another replica listed or edited into the catalogue.
func (s *server) hearTicket(_ context.Context, t events.Ticket) error {
	s.catalogue.Put(ticket.Ticket{ID: t.ID, UserID: t.UserID, Title: t.Title, Price: t.Price, Version: t.Version, CreatedAt: t.CreatedAt.Time})
	return nil
}

// hearOrder follows a ticket's sale in the catalogue.
func (s *server) hearOrder(_ context.Context, o events.Order) error {
	s.catalogue.Follow(o.Ticket.ID, saleOf(o))
	return nil
}

// isStocked is part of the service's readiness.
func (s *server) isStocked(context.Context) error {
	select {
	case <-s.stocked:
		return nil
	default:
		return errors.New("the catalogue is still being read")
	}
}
