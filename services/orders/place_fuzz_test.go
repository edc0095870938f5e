package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// noTickets is a tickets service that has none but those its events told of.
type noTickets struct{}

func (noTickets) Invoke(context.Context, string, string, string, any, any) error {
	return fault.NoSuchThing()
}

// selling is the service with one ticket on sale, FREE, and one that bob holds, HELD, by the order HELD-BOB.
func selling(t testing.TB) *server {
	s, _ := sellingOn(t)
	return s
}

// restarted is a new process of the service on a sidecar that has seen others, a while after they have sent their nudges.
func restarted(sidecar *daprtest.Sidecar, while time.Duration) *server {
	outbox := dapr.NewOutbox("orders", sidecar, sidecar, func() time.Time { return now().Add(while) }, slog.New(slog.DiscardHandler))
	return &server{
		sales: dapr.NewAnnounced("sale", sidecar, outbox, announce), archive: dapr.NewCollection[sale.Order]("order", sidecar), buyers: dapr.NewList("orders-of", sidecar),
		services: noTickets{}, outbox: outbox, sessions: session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), now), hold: time.Minute, checkout: time.Minute, now: now, log: slog.New(slog.DiscardHandler),
	}
}

func sellingOn(t testing.TB) (*server, *daprtest.Sidecar) {
	sidecar := &daprtest.Sidecar{}
	s, ctx := restarted(sidecar, 0), t.Context()
	for _, id := range []string{"FREE", "HELD"} {
		if err := s.onTicket(ctx, events.Ticket{ID: id, Title: id, Price: 1000, UserID: "seller"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.sales.Update(ctx, dapr.ByRepeat, "HELD", func(sl *sale.Sale) error { return sl.Place("HELD-BOB", "bob", time.Hour, now()) }); err != nil {
		t.Fatal(err)
	}
	return s, sidecar
}

// ask sends a request as ann, through the service's own table of routes, as her browser's sidecar would.
func ask(t *testing.T, s *server, r *http.Request, caller string) *httptest.ResponseRecorder {
	t.Helper()
	signed := httptest.NewRecorder()
	if err := session.NewIssuer(signingKey, false, now).Open(signed, "ann", "ann@example.com", 0); err != nil {
		t.Fatal(err)
	}
	r.AddCookie(signed.Result().Cookies()[0])
	r.Header.Set("dapr-api-token", "token")
	r.Header.Set("dapr-caller-app-id", caller)
	w := httptest.NewRecorder()
	s.routes(service.Settings{Token: "token"}, nil).ServeHTTP(w, r)
	s.outbox.Wait()
	return w
}

// fair checks that an answer is one that ann may get, and that nothing happened to bob.
func fair(t *testing.T, s *server, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= 500 {
		t.Fatalf("HTTP %d %s", w.Code, w.Body)
	}
	var refusal struct{ Errors []fault.Field }
	if w.Code >= 400 && (json.Unmarshal(w.Body.Bytes(), &refusal) != nil || len(refusal.Errors) == 0 || refusal.Errors[0].Message == "") {
		t.Fatalf("HTTP %d %s is no refusal in the contract's form", w.Code, w.Body)
	}
	if o, err := s.find(t.Context(), "HELD-BOB"); err != nil || o.UserID != "bob" || o.Status != sale.Created || o.Version != 0 {
		t.Fatalf("bob's order became %+v, %v", o, err)
	}
}

// Whatever is sent as an order holds the free ticket for the sender, or is refused.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{`{"ticketId":"FREE"}`, `{"ticketId":"HELD"}`, `{"ticketId":"HELD-BOB"}`, `{"ticketId":"nosuch"}`, `{"ticketId":""}`, `{"ticketId":"../FREE"}`, `{"ticketId":"FREE||x"}`, `{"ticketId":7}`, `{"ticketId":"FREE","userId":"bob"}`, `{"TicketID":"FREE"}`,
		`{"ticketId":"FREE","ticketId":"HELD"}`, `{"ticketId":"` + strings.Repeat("x", 65) + `"}`, `{"ticketId":"\u0000"}`, `{}`, `null`, `[]`, `{"ticketId":{"$gt":""}}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := selling(t)
		r := httptest.NewRequest("POST", "/api/orders", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := ask(t, s, r, "web")
		fair(t, s, w)
		if w.Code != http.StatusCreated {
			return
		}
		var o events.Order
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || o.Ticket.ID != "FREE" || o.UserID != "ann" || o.Status != events.StatusCreated {
			t.Fatalf("%q places %s", body, w.Body)
		}
	})
}
