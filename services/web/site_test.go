package main

import (
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/services/web/kept"
	"marketplace/services/web/live"
	"marketplace/services/web/taken"
	"marketplace/shared/session"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newSite is a site whose services answer with what is given for a method and path; anything else is not found.
func newSite(t *testing.T, answers map[string]string) (*site, *http.Cookie) {
	t.Helper()
	return siteFor(t, session.User{ID: "ann", Email: "ann@example.com"}, answers)
}

// siteFor is newSite with somebody else signed in.
func siteFor(t *testing.T, visitor session.User, answers map[string]string) (*site, *http.Cookie) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	look, err := newLook("usd")
	require.NoError(t, err)
	now := func() time.Time { return noon }
	signedIn := httptest.NewRecorder()
	_, err = session.NewIssuer(private, false, now).Open(signedIn, visitor, 0)
	require.NoError(t, err)
	api := func(w http.ResponseWriter, r *http.Request) {
		body, known := answers[r.Method+" "+r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			body = `{"errors":[{"message":"Not Found"}]}`
		}
		if strings.HasPrefix(body, `{"errors"`) && known {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(body))
	}
	return &site{api: http.HandlerFunc(api), sessions: session.NewVerifier(session.KeysOf(public), now), look: look, currency: "usd", hub: live.New(), taken: taken.New(), kept: kept.New(now), hears: func() bool { return true }, asking: make(chan struct{}, mostAsked), now: now, log: slog.New(slog.DiscardHandler)},
		signedIn.Result().Cookies()[0]
}

// get asks for a page of s with a browser's headers.
func get(t *testing.T, p http.Handler, path string, id string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.SetPathValue("id", id)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}
