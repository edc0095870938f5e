package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"marketplace/services/mail/letter"
	"marketplace/services/mail/note"
	"marketplace/shared/fault"
)

// onDue sends a mail that was promised, and notes that it has left. Dying in between sends it again: SMTP has no way to ask
// what became of one. What cannot leave now is tried again by a job of its own, less and less often: a job that fails would
// come every two seconds.
func (s *server) onDue(ctx context.Context, rest string) error {
	id, try, ok := readMailJob(rest)
	if !ok {
		return fault.New(fault.Invalid, "%q is not a mail of ours", rest)
	}
	if !s.busy.take(id) {
		return fault.New(fault.Conflict, "mail %s is just being sent", id)
	}
	defer s.busy.free(id)
	n, err := s.notes.Get(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil // so long ago that nobody remembers
	}
	if err != nil || n.State != note.Waiting {
		return err
	}
	log := s.log.With("mail", id, "kind", n.Kind, "event", n.Event(), "try", try)
	switch {
	case s.left.Has(id): // and could not be noted: a store that takes no writes must not make a mail every two seconds of one
	case n.Late(s.now()):
		err = errLate
	default:
		err = s.send(ctx, n, id)
	}
	var refused dropped
	switch {
	case err == nil:
		s.left.Add(id)
		return s.end(ctx, id, note.Sent, "")
	case errors.Is(err, errUnsure):
		n, failed := s.notes.Update(ctx, id, func(n *note.Note) error { n.Unsure++; return nil })
		if failed != nil {
			return failed
		}
		if n.Unsure >= mostUnsure {
			log.Warn("a mail may have left: the mail server never says so", "times", n.Unsure)
			return s.end(ctx, id, note.Dropped, errUnsure.Error())
		}
	case errors.As(err, &refused):
		log.Warn("a mail is not sent", "why", err)
		return s.end(ctx, id, note.Dropped, err.Error())
	}
	due := s.now().Add(max(note.Pause(try), s.way.pause(), waitOf(err)))
	log.Info("a mail has to wait", "until", due, "error", err)
	return s.timers.Schedule(ctx, mailJob(id, try+1), due)
}

// mostLeft is how many mails are known to have left while their notes cannot say so.
const mostLeft = 10_000

// mostUnsure is how often a mail is handed over that may have left each time.
const mostUnsure = 8

// dropped is why a mail is not sent, now or ever.
type dropped string

func (d dropped) Error() string { return string(d) }

const (
	errLate     = dropped("it says nothing worth knowing any more")
	errNobody   = dropped("the account is gone")
	errVerified = dropped("the address is verified already")
	errOften    = dropped("this account was sent enough links for an hour")
)

// account is what auth says of whom to write to.
type account struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Deleted  bool   `json:"deleted"` // which is all that its owner is told any more
}

// send sends one mail. It returns dropped for one that must not be tried again.
func (s *server) send(ctx context.Context, n note.Note, id string) error {
	if wait := s.way.pause(); wait > 0 {
		return fault.Down(errAway, "the mail server is away")
	}
	to, err := s.whose(ctx, n.To)
	if err != nil {
		return err
	}
	if to.Deleted && n.Kind != letter.AccountDeleted {
		return errNobody
	}
	if n.Kind.Opens() == "verify" && to.Verified {
		return errVerified
	}
	if wait := s.quota.take(to, id); wait > 0 {
		if n.Kind.Opens() != "" {
			return errOften
		}
		return fault.Wait(wait, "This account was sent enough for an hour")
	}
	path, err := s.link(ctx, n)
	if err != nil {
		return err
	}
	l, err := s.desk.Write(n.News, path)
	if err != nil {
		return dropped(err.Error()) // ours to mend; the log says which
	}
	return s.way.send(ctx, to.Email, l)
}

// whose asks auth for the owner of an account.
func (s *server) whose(ctx context.Context, id string) (account, error) {
	var a account
	err := s.services.Invoke(ctx, "auth", http.MethodGet, "/internal/accounts/"+url.PathEscape(id), nil, &a)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return a, errNobody
	case err != nil:
		return a, err
	case !deliverable(a.Email):
		return a, dropped("no mail server takes its address")
	}
	return a, nil
}

// deliverable tells whether an address is one, and only that: the binding takes several with semicolons between them.
func deliverable(address string) bool {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsAny(address, `;,<>"()[]\ `) {
		return false
	}
	return strings.IndexFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// link asks auth for the link that a mail carries. It is good once, and in no document and no event.
func (s *server) link(ctx context.Context, n note.Note) (path string, err error) {
	purpose := n.Kind.Opens()
	if purpose == "" {
		return "", nil
	}
	in := struct {
		Purpose string `json:"purpose"`
		Version int64  `json:"version"`
	}{purpose, n.Account.Version}
	var out struct {
		Path string `json:"path"`
	}
	err = s.services.Invoke(ctx, "auth", http.MethodPost, "/internal/accounts/"+url.PathEscape(n.To)+"/links", in, &out)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Refused, fault.Invalid: // used up, out of date, or of an account that is gone
		return "", dropped(fmt.Sprintf("no link for it: %v", err))
	}
	if err == nil && !strings.HasPrefix(out.Path, "/") {
		err = fmt.Errorf("auth gives %q as a path", out.Path)
	}
	return out.Path, err
}

// end notes what became of a mail.
func (s *server) end(ctx context.Context, id string, state note.State, why string) error {
	_, err := s.notes.Update(ctx, id, func(n *note.Note) error {
		n.State, n.Why = state, why
		return nil
	})
	if err == nil {
		ended.Inc(string(state))
	}
	return err
}

func waitOf(err error) time.Duration {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// busy are the notes that this replica is about: a job may ring again while its mail is on its way.
type busy struct{ ids sync.Map }

func (b *busy) take(id string) bool {
	_, taken := b.ids.LoadOrStore(id, true)
	return !taken
}

func (b *busy) free(id string) { b.ids.Delete(id) }
