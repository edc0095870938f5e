package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"marketplace/services/mail/letter"
	"marketplace/services/mail/note"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// mailPrefix begins the name of the job that sends a mail; the note's id and the number of the try follow.
const mailPrefix = "mail-"

func mailJob(id string, try int) string { return mailPrefix + id + "." + strconv.Itoa(try) }

func readMailJob(rest string) (id string, try int, ok bool) {
	id, number, _ := strings.Cut(rest, ".")
	try, err := strconv.Atoi(number)
	return id, try, err == nil && try > 0 && id != ""
}

func (s *server) onHandover(ctx context.Context, h events.Handover) error {
	return s.promise(ctx, letter.OfHandover(h))
}

func (s *server) onAccount(ctx context.Context, a events.Account) error {
	return s.promise(ctx, letter.OfAccount(a))
}

// promise notes mails and has a job send each. An event is acknowledged when that is done, never when its mails have left,
// so a mail server that is away holds up nothing. The same news comes to the same note: however often, it is one mail.
// Without a mail server in YAML nothing is noted, and what would have been said is lost.
func (s *server) promise(ctx context.Context, all []letter.News) error {
	if !s.way.there() {
		return nil
	}
	for _, n := range all {
		id, now := note.ID(n), s.now()
		err := s.notes.Create(ctx, id, note.Note{News: n, Promised: now, State: note.Waiting})
		if errors.Is(err, dapr.ErrExists) {
			known, err := s.notes.Get(ctx, id)
			if err != nil {
				return err
			}
			if known.State != note.Waiting {
				continue // else whoever noted it may have died before there was a job
			}
		} else if err != nil {
			return err
		}
		if err := s.timers.Schedule(ctx, mailJob(id, 1), now); err != nil {
			return err
		}
	}
	return nil
}
