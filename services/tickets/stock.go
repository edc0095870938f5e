package main

import (
	"context"
	"errors"
	"time"
)

// everybody is the one owner of the list of all tickets.
const everybody = "all"

// stockPage is how many tickets are read at a time.
const stockPage = 200

// stock fills the catalogue with what was listed before we started. Until it is done the service is not ready.
func (s *server) stock(ctx context.Context) {
	for from, length := 0, 1; from < length; {
		ids, n, err := s.everybody.Slice(ctx, everybody, from, stockPage)
		if err == nil {
			err = s.stockSome(ctx, ids)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.Info("catalogue waits for the store", "error", err)
			time.Sleep(200 * time.Millisecond)
			continue
		}
		from, length = from+stockPage, n
	}
	close(s.stocked)
}

func (s *server) stockSome(ctx context.Context, ids []string) error {
	tickets, err := s.tickets.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	for _, t := range tickets {
		s.catalogue.Put(t)
	}
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
