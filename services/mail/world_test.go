package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/services/mail/letter"
	"marketplace/services/mail/note"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/occasion"
	"marketplace/shared/recent"
)

// world is all that mail deals with, in memory: its sidecar with a mail server behind it, and what auth and orders know.
type world struct {
	t        *testing.T
	at       time.Time
	sidecar  *daprtest.Sidecar
	accounts map[string]account
	orders   map[string]events.Order
	links    int    // that auth was asked for
	refuses  string // what the mail server says to every mail, "" for taking it
	mortal   bool   // the sidecar may die
	away     bool   // auth and orders do not answer
	sent     []sentMail
	*server
}

type sentMail struct{ to, subject, html string }

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	w := &world{t: t, at: noon, accounts: map[string]account{
		"ann": {ID: "ann", Email: "ann@example.com", Verified: true}, "bob": {ID: "bob", Email: "bob@example.com"},
	}, orders: map[string]events.Order{}}
	w.sidecar = &daprtest.Sidecar{Now: w.now, MailServer: func(to, subject string, html []byte) error {
		if w.refuses != "" {
			return errors.New("error invoking output binding mailserver: error from smtp binding, sending email failed: " + w.refuses)
		}
		w.sent = append(w.sent, sentMail{to, subject, string(html)})
		return nil
	}}
	w.start()
	return w
}

// start begins a new process.
func (w *world) start() {
	log := slog.New(slog.DiscardHandler)
	way := newWay(w.sidecar, func(context.Context) error { return nil }, w.now, log)
	way.settled = 0
	w.server = &server{
		notes: dapr.NewTemporary[note.Note]("note", w.sidecar, note.Kept), timers: w.sidecar, services: w, way: way, quota: newQuota(toVerified, w.now), left: recent.New(mostLeft),
		desk: letter.Desk{Site: &url.URL{Scheme: "https", Host: "tickets.example"}, Currency: "usd"}, warning: 5 * time.Minute, now: w.now, log: log,
	}
}

func (w *world) now() time.Time { return w.at }

// Invoke is auth and orders.
func (w *world) Invoke(_ context.Context, app, method, path string, in, out any) error {
	if w.away {
		return fault.Down(errors.New("away"), "Please try again in a moment")
	}
	var answer any = fault.NoSuchThing()
	parts := strings.Split(path, "/")
	switch {
	case app == "auth" && method == "GET" && len(parts) == 4:
		if a, there := w.accounts[parts[3]]; there {
			answer = a
		}
	case app == "auth" && method == "POST" && strings.HasSuffix(path, "/links"):
		raw, _ := json.Marshal(in)
		var asked struct {
			Purpose string
			Version int64
		}
		require.NoError(w.t, json.Unmarshal(raw, &asked))
		if _, there := w.accounts[parts[3]]; there && asked.Version > 0 {
			w.links++
			answer = map[string]string{"path": fmt.Sprintf("/%s?token=secret-%d", asked.Purpose, asked.Version)}
		}
	case app == "orders" && method == "GET" && strings.HasPrefix(path, "/internal/orders/"):
		if o, there := w.orders[parts[3]]; there {
			answer = o
		}
	}
	if err, refused := answer.(error); refused {
		return err
	}
	raw, err := json.Marshal(answer)
	require.NoError(w.t, err)
	return json.Unmarshal(raw, out)
}

// briefly is do by somebody who does not wait long for a dead sidecar.
func (w *world) briefly(do func(context.Context) error) error {
	if !w.mortal {
		return do(w.t.Context())
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 50*time.Millisecond)
	defer cancel()
	return do(ctx)
}

// ring rings the jobs that are due; one that fails stays, and rings again.
func (w *world) ring() (rang int) {
	for name, due := range w.sidecar.Jobs() {
		if due.After(w.at) {
			continue
		}
		rang++
		var err error
		if rest, mails := strings.CutPrefix(name, mailPrefix); mails {
			err = w.briefly(func(ctx context.Context) error { return w.onDue(ctx, rest) })
		} else {
			err = w.briefly(func(ctx context.Context) error { return w.onHoldEnding(ctx, strings.TrimPrefix(name, holdPrefix)) })
		}
		if fault.OutcomeOf(err) != fault.Retry && w.sidecar.Jobs()[name].Equal(due) {
			_ = w.sidecar.Unschedule(context.Background(), name)
		}
	}
	return rang
}

// pass lets time pass in steps, and rings what is due.
func (w *world) pass(d, step time.Duration) (rang int) {
	for end := w.at.Add(d); w.at.Before(end); w.at = w.at.Add(step) {
		rang += w.ring()
	}
	return rang
}

func (w *world) subjects() string {
	var all []string
	for _, m := range w.sent {
		all = append(all, m.to+": "+m.subject)
	}
	return strings.Join(all, "\n")
}

func anOrder(status events.Status) events.Order {
	return events.Order{ID: "T1-o1", Version: 2, SaleVersion: 3, Status: status, UserID: "bob", ExpiresAt: clock.At(noon.Add(15 * time.Minute)),
		Ticket: events.OrderTicket{ID: "T1", Title: "Nina Simone", Price: 1999, SellerID: "ann", Occasion: occasion.Occasion{City: "Montreux"}}}
}

func aHandover(status events.HandoverStatus, version int64) events.Handover {
	return events.Handover{ID: "T1-o1", Version: version, Status: status, SellerID: "ann", BuyerID: "bob", DueAt: clock.At(noon.Add(48 * time.Hour)),
		Ticket: events.HandoverTicket{ID: "T1", Title: "Nina Simone", Price: 1999}}
}

func news(what string, version int64) events.Account {
	return events.Account{ID: "bob", Version: version, News: what, At: clock.At(noon)}
}
