package main

import (
	"context"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/shelf"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// receive keeps what a service could not handle. The same again changes nothing, unless somebody had it replayed.
func (s *server) receive(ctx context.Context, service string, message []byte) error {
	a := letter.Read(service, message)
	l, err := s.letters.Get(ctx, a.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if l.Explained(a) {
		_, err = s.letters.Update(ctx, dapr.ByRepeat, a.ID, func(l *letter.Letter) error { l.Arrive(a, l.Since); return nil })
		return err
	}
	if l.Old(a) {
		return nil
	}
	at := s.now().Truncate(time.Millisecond)
	if !at.After(l.Since) { // clocks differ: see waiting.remove
		at = l.Since.Add(time.Millisecond)
	}
	if err := s.waiting.Add(ctx, shelf.Entry{ID: a.ID, At: at.UnixMilli()}); err != nil { // first: a letter that is nowhere listed is lost
		return err
	}
	_, err = s.letters.Upsert(ctx, dapr.ByRepeat, a.ID, func(l *letter.Letter) error { l.Arrive(a, at); return nil })
	if err == nil {
		arrived.Inc(service)
	}
	return err
}
