package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/trace"
)

const theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// A request is called by its trace unless it has a name, and the trace is its sender's if he has one; whether it is kept is
// for us to say.
func TestARequestIsCalledByItsTrace(t *testing.T) {
	for _, c := range []struct {
		what, method, path string
		header             http.Header
		id, trace          string // "" for one of ours
	}{
		{"who says nothing", "POST", "/api/orders", nil, "", ""},
		{"who has a trace", "POST", "/api/orders", http.Header{"Traceparent": {theirs}}, theirs[3:35], theirs[3:35]},
		{"who has a name", "POST", "/api/orders", http.Header{"X-Request-Id": {"request-1"}, "Traceparent": {theirs}}, "request-1", theirs[3:35]},
		{"who has none", "POST", "/api/orders", http.Header{"X-Request-Id": {"<script>"}, "Traceparent": {"00-zz"}}, "", ""},
		{"a form of the order's page", "POST", "/orders/T-1/pay", http.Header{"Cookie": {"trace=" + theirs}}, theirs[3:35], theirs[3:35]},
		{"a look at it", "GET", "/orders/T-1", http.Header{"Cookie": {"trace=" + theirs}}, "", ""},
		{"a stream", "GET", "/live", nil, "", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			var passed, id string
			guarded := doorman(settings{}, time.Now, slog.New(slog.DiscardHandler), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				passed, id = r.Header.Get("Traceparent"), r.Header.Get("X-Request-Id")
				assert.Equal(t, passed, trace.Parent(r.Context()))
			}))
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Header = c.header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			assert.Equal(t, id, w.Header().Get("X-Request-Id"))
			require.Len(t, passed, len(theirs))
			assert.Equal(t, "00", passed[53:], "kept by nobody: no share is set here")
			if c.trace != "" {
				assert.Equal(t, c.trace, passed[3:35])
			} else {
				assert.NotEqual(t, theirs[3:35], passed[3:35])
			}
			if c.id == "" {
				c.id = passed[3:35]
			}
			assert.Equal(t, c.id, id)
		})
	}
}

// The forms of the page that a purchase leads to bring its trace back.
func TestAPurchaseIsOneTraceInABrowser(t *testing.T) {
	s, ann := newSite(t, map[string]string{"POST /api/orders": `{"id":"T-1"}`})
	r := httptest.NewRequest(http.MethodPost, "/tickets/T/buy", nil)
	r.SetPathValue("id", "T")
	r.AddCookie(ann)
	r = r.WithContext(trace.From(r.Context(), theirs))
	w := httptest.NewRecorder()
	require.NoError(t, s.buy(w, r))
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	assert.Equal(t, theirs, cookies[0].Value)
	assert.Equal(t, "/orders/T-1", cookies[0].Path)
	assert.True(t, cookies[0].HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
}
