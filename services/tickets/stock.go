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
	stockPage  = 200             // tickets read at a time, of one shelf
	stockPause = 5 * time.Second // between such reads
)

// stock fills the catalogue with what was listed before we started; until then the service is not ready. After that it
// reads everything again and again: slowly, since a broadcast comes once at most, and at once when some may be missed.
func (s *server) stock(ctx context.Context) {
	s.readAll(ctx, func() bool { return true })
	if ctx.Err() == nil {
		close(s.stocked)
	}
	for ctx.Err() == nil {
		if missed := s.missed.Load(); missed > s.madeUp.Load() {
			s.readAll(ctx, func() bool { return true })
			s.madeUp.Store(missed)
		}
		s.readAll(ctx, func() bool { return s.rest(ctx, stockPause) })
	}
}

// catchUp has the catalogue read anew, because broadcasts may have been missed.
func (s *server) catchUp() {
	s.missed.Add(1)
	select {
	case s.again <- struct{}{}:
	default: // it is to be read anyway
	}
}

// isUpToDate tells whether the catalogue knows what there is to know.
func (s *server) isUpToDate() bool {
	ctx := context.Background()
	return s.isStocked(ctx) == nil && s.hearing.Ready(ctx) == nil && s.madeUp.Load() == s.missed.Load()
}

// readAll puts every ticket into the catalogue, and pauses after each page; a pause that returns false ends it.
func (s *server) readAll(ctx context.Context, pause func() bool) {
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
			s.catalogue.Sweep(s.now())
			from, length = from+stockPage, n
			if !pause() {
				return
			}
		}
	}
	s.readAt.Store(s.now().UnixMilli())
}

// rest lets pause pass. It returns false when there is something better to do.
func (s *server) rest(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-s.again:
	case <-ctx.Done():
	}
	return false
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
	s.catalogue.Put(ticket.Ticket{ID: t.ID, UserID: t.UserID, Title: t.Title, Price: t.Price, Version: t.Version, CreatedAt: t.CreatedAt.Time, Occasion: t.Occasion, Withdrawn: t.Withdrawn})
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
