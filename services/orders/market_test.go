package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// others are the services that orders asks: tickets has none but those its events told of, and payments has none.
type others struct{}

func (others) Invoke(_ context.Context, app, _, _ string, _, out any) error {
	if app == "payments" {
		return json.Unmarshal([]byte(`{"id":"","status":"none"}`), out)
	}
	return fault.NoSuchThing()
}

// market is the service beside a sidecar in memory, with a clock that stands still until somebody moves it.
type market struct {
	*server
	sidecar *daprtest.Sidecar
	clock   time.Time
}

func newMarket() *market { return replica(&market{sidecar: &daprtest.Sidecar{}, clock: noon}) }

// replica is another replica of m, beside the same store and broker.
func replica(of *market) *market {
	m := &market{sidecar: of.sidecar, clock: of.clock}
	now := func() time.Time { return m.clock }
	log := slog.New(slog.DiscardHandler)
	outbox := dapr.NewOutbox("orders", m.sidecar, m.sidecar, now, log)
	sessions := session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), now)
	m.server = &server{
		sales: dapr.NewAnnounced("sale", m.sidecar, outbox, announce), archive: dapr.NewCollection[sale.Order]("order", m.sidecar), buyers: dapr.NewList("orders-of", m.sidecar),
		timers: m.sidecar, services: others{}, outbox: outbox, sessions: sessions, once: service.NewOnce(m.sidecar, sessions.Sender, now, log),
		terms: sale.Terms{Hold: 15 * time.Minute, Again: 5 * time.Minute}, holds: 6, checkout: time.Minute, currency: "usd", now: now, log: log,
	}
	return m
}

// offers puts tickets of the seller's on sale.
func (m *market) offers(t testing.TB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		require.NoError(t, m.onTicket(t.Context(), events.Ticket{ID: id, Title: id, Price: 1000, UserID: "seller"}))
	}
}

// as sends a request as a user, nobody for "", through the service's own table of routes, and waits until everything is
// published that it was worth.
func (m *market) as(t testing.TB, user string, r *http.Request, caller string) *httptest.ResponseRecorder {
	t.Helper()
	defer m.outbox.Wait()
	return m.serve(t, user, r, caller)
}

// serve is as, without waiting: for several at once.
func (m *market) serve(t testing.TB, user string, r *http.Request, caller string) *httptest.ResponseRecorder {
	t.Helper()
	if user != "" {
		signed := httptest.NewRecorder()
		_, err := session.NewIssuer(signingKey, false, m.now).Open(signed, session.User{ID: user, Email: user + "@example.com"}, 0)
		require.NoError(t, err)
		r.AddCookie(signed.Result().Cookies()[0])
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("dapr-api-token", "token")
	if caller != "" {
		r.Header.Set("dapr-caller-app-id", caller)
	}
	w := httptest.NewRecorder()
	m.routes(service.Settings{Token: "token"}, nil).ServeHTTP(w, r)
	return w
}

// ask is as, for people's requests.
func (m *market) ask(t testing.TB, user, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	return m.as(t, user, httptest.NewRequest(method, path, strings.NewReader(body)), "web")
}

// hears delivers an event and tells what the sidecar is told about it.
func (m *market) hears(t testing.TB, p events.Payload) fault.Outcome {
	t.Helper()
	e := events.New(p)
	body := fmt.Sprintf(`{"id":"%s","type":"%s","data":%s}`, e.ID, e.Type, e.Data)
	w := m.as(t, "", httptest.NewRequest("POST", "/events/"+e.Topic, strings.NewReader(body)), "")
	var answer struct{ Status fault.Outcome }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%s", w.Body)
	return answer.Status
}

// places is ask for an order that must be accepted.
func (m *market) places(t testing.TB, user, ticketID string) (o shown) {
	t.Helper()
	w := m.ask(t, user, "POST", "/api/orders", `{"ticketId":"`+ticketID+`"}`)
	require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &o))
	return o
}

// says is the words of a refusal.
func says(w *httptest.ResponseRecorder) string {
	var refusal struct{ Errors []fault.Field }
	if json.Unmarshal(w.Body.Bytes(), &refusal) != nil || len(refusal.Errors) == 0 {
		return w.Body.String()
	}
	return refusal.Errors[0].Message
}
