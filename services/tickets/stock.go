package main

import (
	"context"
	"errors"
	"time"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/clock"
	"marketplace/shared/events"
)

// everybody is the one owner of the list of all tickets.
const everybody = "all"

const (
	stockPage  = 200 // tickets read at a time
	stockPause = 5 * time.Second
)

// stock fills the catalogue with what was listed before we started; until then the service is not ready. After that it
// reads everything again and again, slowly: a broadcast comes once at most.
func (s *server) stock(ctx context.Context) {
	s.readAll(ctx, 0)
	if ctx.Err() == nil {
		close(s.stocked)
	}
	for ctx.Err() == nil {
		s.readAll(ctx, stockPause)
	}
}

// readAll puts every ticket into the catalogue, with a pause before each page.
func (s *server) readAll(ctx context.Context, pause time.Duration) {
	for from, length := 0, 1; from < length && clock.Wait(ctx, pause); {
		ids, n, err := s.everybody.Slice(ctx, everybody, from, stockPage)
		if err == nil {
			err = s.readSome(ctx, ids)
		}
		if err != nil {
			s.log.Info("catalogue waits for the store", "error", err)
			clock.Wait(ctx, 200*time.Millisecond)
			continue
		}
		from, length = from+stockPage, n
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
