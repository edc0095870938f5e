package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"marketplace/services/mail/letter"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// way is the way out, through the sidecar's SMTP binding. What that does and does not (components-contrib 1.18,
// bindings/smtp) decides how it is used:
//   - It keeps the metadata of a call in the component, where the next call overwrites it: of two calls at once one's mail can
//     go to the other's address. So there is one at a time, and after a call without an answer none until that one must
//     be over. Every replica has a sidecar of its own.
//   - It sends one part, as HTML, and no headers but From, To and Subject, which it encodes: no line break gets through.
//   - It gives up dialling after ten seconds, and waits for an answer for ever.
type way struct {
	mailer  dapr.Mailer
	ready   func(context.Context) error
	now     clock.Now
	log     *slog.Logger
	turn    chan struct{} // holds one: whoever has it may call
	unsure  bool          // whoever called last got no answer; guarded by turn
	settled time.Duration // how long that call needs at the most until its metadata is read

	mu     sync.Mutex
	absent bool      // there is no mail server in YAML
	asked  bool      // whether there is is known
	fails  int       // in a row
	until  time.Time // nobody is to try before
}

const (
	// settles is for a few instructions, on a machine that is very busy.
	settles = 2 * time.Second
	// longestAway is how long a mail server that failed is left alone at the most.
	longestAway = time.Minute
)

var (
	errAway   = errors.New("the mail server did not take the mail before")
	errUnsure = errors.New("the mail server did not say whether it took the mail")
)

func newWay(mailer dapr.Mailer, ready func(context.Context) error, now clock.Now, log *slog.Logger) *way {
	return &way{mailer: mailer, ready: ready, now: now, log: log, turn: make(chan struct{}, 1), unsure: true, settled: settles} // a former self may have called
}

// send returns when the mail server has the mail; dropped when it will never take it.
func (w *way) send(ctx context.Context, to string, l letter.Letter) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if w.pause() > 0 {
		return fault.Down(errAway, "the mail server is away")
	}
	if w.unsure {
		if err := w.ready(ctx); err != nil {
			return fault.Down(err, "the sidecar is away")
		}
		if !clock.Wait(ctx, w.settled) {
			return ctx.Err()
		}
	}
	w.unsure = true
	err := w.mailer.SendMail(ctx, to, l.Subject, l.HTML)
	if err == nil || errors.Is(err, dapr.ErrNotTaken) {
		w.unsure = false
	}
	if w.unsure {
		err = fmt.Errorf("%w: %w", errUnsure, err)
	}
	err = verdict(nameless(err, to))
	w.note(err)
	return err
}

// refusal finds what a mail server answers to a mail, as opposed to a connection or a password: gomail's words around it.
var refusal = regexp.MustCompile(`could not send email 1: (5\d\d) (.*)`)

// nameless is a mail server's answer without the address that it was about: it gets into a note and a log, which outlive accounts.
func nameless(err error, to string) error {
	if !errors.Is(err, dapr.ErrNotTaken) {
		return err
	}
	said := strings.TrimPrefix(err.Error(), dapr.ErrNotTaken.Error()+": ")
	return fmt.Errorf("%w: %s", dapr.ErrNotTaken, regexp.MustCompile("(?i)"+regexp.QuoteMeta(to)).ReplaceAllLiteralString(said, "(address)"))
}

// verdict makes dropped of an answer that stays: no such mailbox, or not this mail. 53x is about us, not about the mail.
func verdict(err error) error {
	if err == nil || !errors.Is(err, dapr.ErrNotTaken) {
		return err
	}
	if said := refusal.FindStringSubmatch(err.Error()); said != nil && !strings.HasPrefix(said[1], "53") {
		return dropped("refused for good by the mail server: " + said[1] + " " + letter.Line(said[2]))
	}
	return fault.Down(err, "the mail server did not take it")
}

// note remembers whether the mail server works. One that refuses a mail does.
func (w *way) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var refused dropped
	if err == nil || errors.As(err, &refused) {
		w.fails, w.until = 0, time.Time{}
		return
	}
	w.until = w.now().Add(min(2*time.Second<<min(w.fails, 10), longestAway))
	w.fails++
}

// pause is how long to leave the mail server alone.
func (w *way) pause() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(w.until.Sub(w.now()), 0)
}

// Whether there is a mail server in YAML is looked at so often: sidecars start anew when it changes.
const (
	lookCalm    = 30 * time.Second
	lookAnxious = time.Second // until it is known
)

// watch knows whether there is a mail server, until ctx ends.
func (w *way) watch(ctx context.Context) {
	for ctx.Err() == nil {
		pause := lookCalm
		if !w.look(ctx) {
			pause = lookAnxious
		}
		clock.Wait(ctx, pause)
	}
}

// look finds out whether there is a mail server, and says so when that is news. It returns false when nobody knows.
func (w *way) look(ctx context.Context) bool {
	there, err := w.mailer.HasMailServer(ctx)
	if err != nil {
		return false
	}
	w.mu.Lock()
	news := w.absent == there || !w.asked
	w.asked, w.absent = true, !there
	w.mu.Unlock()
	switch {
	case news && there:
		w.log.Info("mail goes to the component mailserver")
	case news:
		w.log.Warn(nobody)
	}
	return true
}

const nobody = "there is no component mailserver: nobody is written to"

// there tells whether there is a mail server in YAML, and that there is while it is not known: then nothing is lost.
func (w *way) there() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.absent
}

// words are what /healthz says of it.
func (w *way) words() string {
	if w.there() {
		return ""
	}
	return nobody
}
