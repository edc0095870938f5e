package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/services/handover/handover"
	"marketplace/services/handover/seal"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// market is the service beside a sidecar in memory, with a clock that stands still until somebody moves it. ann sells ticket T,
// bob buys it with order T-1, olga is an operator.
type market struct {
	*server
	sidecar *daprtest.Sidecar
	tickets map[string]string // what tickets answers, by id
	files   map[string][]byte // what a binding leads to
	clock   time.Time
}

func newMarket(t testing.TB) *market {
	return replica(t, &market{sidecar: &daprtest.Sidecar{}, clock: noon, tickets: map[string]string{}, files: map[string][]byte{}})
}

// replica is another replica of m, beside the same store and broker.
func replica(t testing.TB, of *market) *market {
	m := &market{sidecar: of.sidecar, clock: of.clock, tickets: of.tickets, files: of.files}
	now := func() time.Time { return m.clock }
	log := slog.New(slog.DiscardHandler)
	outbox := dapr.NewOutbox("handover", m.sidecar, m.sidecar, now, log)
	m.server = &server{
		handovers: dapr.NewAnnounced("handover", m.sidecar, outbox, announce), sellers: dapr.NewList("handovers-by", m.sidecar),
		buyers: dapr.NewList("handovers-to", m.sidecar), reports: dapr.NewList("reports", m.sidecar),
		vault: &vault{keys: testKeys(t), state: m.sidecar, files: m}, timers: m.sidecar, services: m, outbox: outbox,
		sessions: session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), now),
		terms:    handover.Terms{Before: 2 * time.Hour, Within: 48 * time.Hour}, currency: "usd", now: now, log: log,
	}
	return m
}

func testKeys(t testing.TB) *seal.Keys {
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, []byte("test "+base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600))
	keys, err := seal.ReadKeys(file)
	require.NoError(t, err)
	return keys
}

// Invoke is tickets.
func (m *market) Invoke(_ context.Context, _, _, path string, _, out any) error {
	answer, ok := m.tickets[strings.TrimPrefix(path, "/api/tickets/")]
	if !ok {
		return fault.NoSuchThing()
	}
	return json.Unmarshal([]byte(answer), out)
}

func (m *market) PutFile(_ context.Context, binding, name string, data []byte) error {
	m.files[binding+"/"+name] = bytes.Clone(data)
	return nil
}

func (m *market) GetFile(_ context.Context, binding, name string) ([]byte, error) {
	if data, ok := m.files[binding+"/"+name]; ok {
		return data, nil
	}
	return nil, errors.New("no such file")
}

// as sends a request as a user, nobody for "", through the service's own table of routes, and waits until everything is
// published that it was worth.
func (m *market) as(t testing.TB, user string, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	defer m.outbox.Wait()
	if user != "" {
		signed := httptest.NewRecorder()
		_, err := session.NewIssuer(signingKey, false, m.now).Open(signed, session.User{ID: user, Email: user + "@example.com", Verified: true, Operator: strings.HasPrefix(user, "ol")}, 0)
		require.NoError(t, err)
		r.AddCookie(signed.Result().Cookies()[0])
	}
	r.Header.Set("dapr-api-token", "token")
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	m.routes(service.Settings{Token: "token"}, nil).ServeHTTP(w, r)
	return w
}

// ask is as for a request without a file.
func (m *market) ask(t testing.TB, user, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	return m.as(t, user, httptest.NewRequest(method, path, strings.NewReader(body)))
}

// attaches sends a file for T.
func (m *market) attaches(t testing.TB, user string, file []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("PUT", "/api/contents/T", bytes.NewReader(file))
	r.Header.Set("Content-Type", "application/octet-stream")
	return m.as(t, user, r)
}

// hears delivers an event and tells what the sidecar is told about it.
func (m *market) hears(t testing.TB, p events.Payload) fault.Outcome {
	t.Helper()
	e := events.New(p)
	w := m.as(t, "", httptest.NewRequest("POST", "/events/"+e.Topic, strings.NewReader(fmt.Sprintf(`{"id":"%s","type":"%s","data":%s}`, e.ID, e.Type, e.Data))))
	var answer struct{ Status fault.Outcome }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%s", w.Body)
	return answer.Status
}

func listed() events.Ticket {
	return events.Ticket{ID: "T", Title: "Chess", Price: 1999, UserID: "ann"}
}

// order is bob's for ann's ticket.
func order(status events.Status) events.Order {
	version := map[events.Status]int64{events.StatusCreated: 0, events.StatusComplete: 1, events.StatusRefunded: 2, events.StatusCancelled: 1}[status]
	return events.Order{ID: "T-1", Version: version, SaleVersion: version + 1, Status: status, UserID: "bob", ExpiresAt: clock.At(noon),
		Ticket: events.OrderTicket{ID: "T", Title: "Chess", Price: 1999, SellerID: "ann"}}
}

// selling is a market in which T is offered, and sold if asked for.
func selling(t testing.TB, sold bool) *market {
	m := newMarket(t)
	require.Equal(t, fault.Done, m.hears(t, listed()))
	if sold {
		require.Equal(t, fault.Done, m.hears(t, order(events.StatusComplete)))
	}
	return m
}

// seen is the handover of T-1 as somebody sees it.
func (m *market) seen(t testing.TB, user string) (v shown) {
	t.Helper()
	w := m.ask(t, user, "GET", "/api/handovers/T-1", "")
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// told are the types of the handovers' events so far.
func (m *market) told() (types []string) {
	seen := map[string]bool{}
	for _, e := range m.sidecar.Published(events.HandoversTopic) {
		if !seen[e.ID] {
			types = append(types, e.Type)
		}
		seen[e.ID] = true
	}
	return types
}

// says is the words of a refusal, and its code.
func says(w *httptest.ResponseRecorder) (field, words, code string) {
	var refusal struct{ Errors []fault.Field }
	if json.Unmarshal(w.Body.Bytes(), &refusal) != nil || len(refusal.Errors) == 0 {
		return "", w.Body.String(), ""
	}
	return refusal.Errors[0].Field, refusal.Errors[0].Message, string(refusal.Errors[0].Code)
}
