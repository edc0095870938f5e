package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/auth/tries"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// house is auth on a sidecar in memory, with a clock that stands still until it is moved.
type house struct {
	*server
	sidecar *daprtest.Sidecar
	now     time.Time
	private ed25519.PrivateKey
	free    free
	away    error // why the broker takes nothing
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h.sidecar = &daprtest.Sidecar{Now: func() time.Time { return h.now }}
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h.private, h.free = private, free{}
	h.start(public)
	return h
}

// start has another replica take over.
func (h *house) start(public ed25519.PublicKey) {
	now := func() time.Time { return h.now }
	h.server = newServer(h.sidecar, h.sidecar, now, slog.New(slog.DiscardHandler))
	h.broker, h.others = func(context.Context) error { return h.away }, h.free
	h.public, h.mostSignUps, h.mostLetters = session.KeysOf(public), 100, 20
	h.issuer, h.verifier = session.NewIssuer(h.private, true, now), session.NewVerifier(h.public, now)
}

// free are the other services: nobody has anything under way but what is in it, by app.
type free map[string]bool

func (f free) Invoke(_ context.Context, app, _, _ string, _, out any) error {
	raw, _ := json.Marshal(map[string]bool{"busy": f[app]})
	return json.Unmarshal(raw, out)
}

// ask sends a request from an address through the table of routes, with a browser's cookies, which may be nil.
func (h *house) ask(t *testing.T, method, path, from, body string, browser *[]*http.Cookie) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), service.Quick)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("dapr-api-token", "token")
	r.Header.Set("dapr-caller-app-id", "web")
	if browser != nil {
		for _, c := range *browser {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	h.routes(service.Settings{Token: "token"}, slog.New(slog.DiscardHandler), nil).ServeHTTP(w, r)
	if set := w.Result().Cookies(); browser != nil && len(set) > 0 {
		*browser = set
	}
	var refusal struct{ Errors []fault.Field }
	if w.Code >= 400 {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &refusal), "%s", w.Body)
		return w.Code, refusal.Errors[0].Message
	}
	return w.Code, w.Body.String()
}

func (h *house) enters(t *testing.T, how, from, who, password string, browser *[]*http.Cookie) (int, string) {
	t.Helper()
	return h.ask(t, "POST", "/api/users/"+how, from, `{"email":"`+who+`@example.com","password":"`+password+`"}`, browser)
}

const (
	home   = "192.0.2.1"
	abroad = "2001:db8::1"
)

// Whoever guesses at an account slows down strangers, himself included, and not the device that has been in it.
func TestStrangersLockNobodyOut(t *testing.T) {
	h := newHouse(t)
	var anns, bobs []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signup", home, "bob", "battery staple", &bobs)
	for range mostOfAccount {
		status, _ := h.enters(t, "signin", abroad, "ann", "wrong horse", nil)
		require.Equal(t, 400, status)
	}
	h.now = h.now.Add(3 * time.Minute)
	for who, browser := range map[string]*[]*http.Cookie{"a stranger": nil, "who has been in another account": &bobs} {
		status, words := h.enters(t, "signin", abroad, "ann", "correct horse", browser)
		assert.Equal(t, 429, status, who)
		assert.Equal(t, "Too many failed attempts. Please wait 12 minutes", words, who)
	}
	for range mostOfAccount - 1 {
		status, _ := h.enters(t, "signin", home, "ann", "wrogn horse", &anns)
		require.Equal(t, 400, status)
	}
	status, _ := h.enters(t, "signin", home, "ann", "correct horse", &anns)
	assert.Equal(t, 200, status, "the device that signed up")

	for range mostOfAccount {
		h.enters(t, "signin", home, "ann", "wrong horse", &anns)
	}
	status, _ = h.enters(t, "signin", home, "ann", "correct horse", &anns)
	assert.Equal(t, 429, status, "a device may not guess for ever either")
	h.now = h.now.Add(15*time.Minute + time.Second)
	status, _ = h.enters(t, "signin", abroad, "ann", "correct horse", nil)
	assert.Equal(t, 200, status, "after the wait")
}

// The network is counted before the account, so that who has had his share uses up nobody else's.
func TestANetworkHasItsShare(t *testing.T) {
	h := newHouse(t)
	var anns []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	_, err := h.tries.Upsert(t.Context(), "address.2001:db8::/64", func(t *tries.Tries) error {
		*t = tries.Tries{Count: mostOfNetwork, Since: h.now}
		return nil
	})
	require.NoError(t, err)
	for range mostOfAccount + 1 {
		status, words := h.enters(t, "signin", "2001:db8::beef", "ann", "correct horse", nil)
		assert.Equal(t, 429, status)
		assert.Equal(t, "Too many failed attempts. Please wait 15 minutes", words, "the same /64")
	}
	status, _ := h.enters(t, "signin", home, "ann", "correct horse", nil)
	assert.Equal(t, 200, status, "from elsewhere")
	status, _ = h.enters(t, "signin", "2001:db8::a", "ann", "correct horse", &anns)
	assert.Equal(t, 200, status, "the device that signed up, in a bad neighbourhood")
}

// An address that somebody made up leaves nothing behind.
func TestAnInventedAddressIsForgotten(t *testing.T) {
	h := newHouse(t)
	status, words := h.enters(t, "signin", abroad, "nobody", "wrong horse", nil)
	assert.Equal(t, 400, status)
	assert.Equal(t, "Invalid credentials", words)
	require.Len(t, h.sidecar.Keys(), 2)
	h.now = h.now.Add(15*time.Minute + time.Second)
	assert.Empty(t, h.sidecar.Keys())
}

// A device is no session and a session is no device, and what another account's device says counts for nothing.
func TestADeviceOpensNothing(t *testing.T) {
	h := newHouse(t)
	var anns []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	require.Len(t, anns, 2)
	for _, c := range anns {
		assert.True(t, c.HttpOnly && c.Secure && c.SameSite == http.SameSiteLaxMode, c.Name)
	}
	_, body := h.ask(t, "GET", "/api/users/currentuser", home, "", &anns)
	assert.Contains(t, body, `"email":"ann@example.com"`)
	swapped := []*http.Cookie{{Name: session.Cookie, Value: anns[1].Value}, {Name: session.DeviceCookie, Value: anns[0].Value}}
	_, body = h.ask(t, "GET", "/api/users/currentuser", home, "", &swapped)
	assert.JSONEq(t, `{"currentUser":null}`, body)
	for range mostOfAccount {
		h.enters(t, "signin", abroad, "ann", "wrong horse", nil)
	}
	status, _ := h.enters(t, "signin", home, "ann", "correct horse", &swapped)
	assert.Equal(t, 429, status, "a session is no device")
}

func TestEndSessions(t *testing.T) {
	h := newHouse(t)
	var anns, thiefs, bobs []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signup", home, "bob", "battery staple", &bobs)
	h.enters(t, "signin", abroad, "ann", "correct horse", &thiefs)
	passes := func(browser []*http.Cookie) bool { // in the eyes of a service that has just asked auth
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		v := session.NewVerifier(h.public, h.server.now)
		v.Follow(ctx, func(context.Context) (session.Ended, error) {
			defer cancel()
			status, body := h.ask(t, "GET", "/internal/sessions/ended", "", "", nil)
			require.Equal(t, 200, status)
			var ended session.Ended
			return ended, json.Unmarshal([]byte(body), &ended)
		}, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest("GET", "/", nil)
		for _, c := range browser {
			r.AddCookie(c)
		}
		_, err := v.User(r)
		return err == nil
	}
	require.True(t, passes(anns) && passes(thiefs) && passes(bobs))

	require.NoError(t, h.command(t.Context(), []string{"end-sessions", "Ann@Example.com"}))
	assert.False(t, passes(anns), "this device")
	assert.False(t, passes(thiefs), "that device")
	assert.True(t, passes(bobs), "somebody else")
	var again []*http.Cookie
	h.enters(t, "signin", home, "ann", "correct horse", &again)
	assert.True(t, passes(again), "at the same second")
	for range mostOfAccount {
		h.enters(t, "signin", abroad, "ann", "wrong horse", nil)
	}
	status, _ := h.enters(t, "signin", abroad, "ann", "wrong horse", &thiefs)
	assert.Equal(t, 429, status, "the thief's device is a stranger's now")

	require.NoError(t, h.command(t.Context(), []string{"end-sessions", "ann@example.com"}))
	assert.False(t, passes(again), "a second time")
	h.now = h.now.Add(session.Lifetime + 2*time.Minute)
	assert.False(t, passes(anns), "ended, and now expired too")
	h.now = h.now.Add(time.Hour)
	assert.NotContains(t, strings.Join(h.sidecar.Keys(), " "), "endings", "nothing is left to remember")

	for _, words := range [][]string{{"end-sessions", "nobody@example.com"}, {"end-sessions", "ann"}, {"end-sessions"}, {"drop", "ann@example.com"}, nil} {
		assert.Error(t, h.command(t.Context(), words), words)
	}
}
