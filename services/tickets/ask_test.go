package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// stall is the service beside a sidecar in memory, with a clock that stands still until somebody moves it.
type stall struct {
	*server
	store *shop
	clock *time.Time // every replica's and the store's
}

func newStall() *stall {
	clock := now()
	store := &shop{Sidecar: &daprtest.Sidecar{Now: func() time.Time { return clock }}, writes: map[string]int{}}
	return (&stall{store: store, clock: &clock}).replica()
}

// replica is another replica beside the same store.
func (s *stall) replica() *stall {
	other := &stall{server: s.store.open(), store: s.store, clock: s.clock}
	other.now = other.store.Now
	other.sessions = session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), other.now)
	other.once = service.NewOnce(other.store, other.sessions.Sender, other.now, other.log)
	return other
}

// ask sends a request as a user, nobody for "", through the table of routes. headers are names and values in turn.
func (s *stall) ask(t testing.TB, user, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.askUntil(t.Context(), t, user, method, path, body, headers...)
}

// askUntil is ask of somebody who waits as long as ctx lasts.
func (s *stall) askUntil(ctx context.Context, t testing.TB, user, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("dapr-api-token", "token")
	r.Header.Set("dapr-caller-app-id", "web")
	if user != "" {
		signed := httptest.NewRecorder()
		_, err := session.NewIssuer(signingKey, false, s.now).Open(signed, session.User{ID: user, Email: user + "@example.com"}, 0)
		require.NoError(t, err)
		r.AddCookie(signed.Result().Cookies()[0])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	defer s.outbox.Wait()
	s.routes(service.Settings{Token: "token"}, nil).ServeHTTP(w, r)
	return w
}

// sells is ask for a listing that must be taken; it returns its id.
func (s *stall) sells(t testing.TB, user, title string) string {
	t.Helper()
	w := s.ask(t, user, "POST", "/api/tickets", `{"title":"`+title+`","price":10}`)
	require.Equal(t, 201, w.Code, "%s", w.Body)
	return idIn(t, w)
}

func idIn(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &made), "%s", w.Body)
	return made.ID
}

// refused is what a refusal says: status, code, field and message of the first complaint.
func refused(t testing.TB, w *httptest.ResponseRecorder) (status int, code fault.Code, field string) {
	t.Helper()
	var refusal struct{ Errors []fault.Field }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &refusal), "%s", w.Body)
	require.NotEmpty(t, refusal.Errors, "%s", w.Body)
	return w.Code, refusal.Errors[0].Code, refusal.Errors[0].Field
}
