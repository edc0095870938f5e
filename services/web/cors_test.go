package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const friend, stranger = "https://app.example", "https://evil.example"

// guarded is what stands before the routes of a site that lets in friend, or nobody from elsewhere.
func guarded(t *testing.T, allowed string, reached *http.Request) http.Handler {
	t.Helper()
	s, _ := newSite(t, nil)
	var from origins
	require.NoError(t, from.Decode(allowed))
	return from.letIn(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*reached = *r
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "new"})
		w.Header().Add("Vary", "Accept")
		w.WriteHeader(http.StatusOK)
	}), s)
}

// Programs of the named origins, in a browser, may use the API with a bearer token; everybody else is as before.
func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		name, allowed, method, path, origin string
		site                                string // what a browser says of the origin
		preflight                           bool
		status                              int
		told                                string // whom the answer may be read by
		cookie                              bool   // what was in the browser counts
	}{
		{"a friend reads", friend, "GET", "/api/tickets", friend, "cross-site", false, 200, friend, false},
		{"a friend changes something", friend, "POST", "/api/tickets", friend, "cross-site", false, 200, friend, false},
		{"a friend next door sends cookies, which do not count", friend, "POST", "/api/orders", friend, "same-site", false, 200, friend, false},
		{"a friend asks whether he may", friend, "OPTIONS", "/api/tickets/1", friend, "cross-site", true, 204, friend, false},
		{"a friend asks what there is", friend, "OPTIONS", "/api/tickets/1", friend, "cross-site", false, 200, friend, false},
		{"the second of two", stranger + ", " + friend, "POST", "/api/tickets", friend, "cross-site", false, 200, friend, false},
		{"a stranger reads", friend, "GET", "/api/tickets", stranger, "cross-site", false, 200, "", true},
		{"a stranger changes something", friend, "POST", "/api/tickets", stranger, "cross-site", false, 400, "", false},
		{"a stranger asks whether he may", friend, "OPTIONS", "/api/tickets", stranger, "cross-site", true, 200, "", true},
		{"a stranger who looks like a friend", friend, "POST", "/api/tickets", friend + ".evil.example", "cross-site", false, 400, "", false},
		{"a friend without TLS", friend, "POST", "/api/tickets", "http://app.example", "cross-site", false, 400, "", false},
		{"a page in a frame", friend, "POST", "/api/tickets", "null", "cross-site", false, 400, "", false},
		{"a friend on the pages", friend, "POST", "/sell", friend, "cross-site", false, 403, "", false},
		{"a friend reads a page", friend, "GET", "/orders", friend, "cross-site", false, 200, "", true},
		{"our own page", friend, "POST", "/api/tickets", "http://market.example", "same-origin", false, 200, "", true},
		{"our own page, named", "http://market.example", "POST", "/api/tickets", "http://market.example", "same-origin", false, 200, "", true},
		{"our own page, named, in an old browser", "http://market.example", "POST", "/api/tickets", "http://market.example", "", false, 200, "", true},
		{"a program", friend, "POST", "/api/tickets", "", "", false, 200, "", true},
		{"nobody is named", "", "POST", "/api/tickets", friend, "cross-site", false, 400, "", false},
		{"nobody is named, and somebody asks whether he may", "", "OPTIONS", "/api/tickets", friend, "cross-site", true, 200, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://market.example"+c.path, nil)
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Cookie", "session=old")
			r.Header.Set("Authorization", "Bearer token")
			for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if c.preflight {
				r.Header.Set("Access-Control-Request-Method", "PUT")
				r.Header.Set("Access-Control-Request-Headers", "authorization,if-match")
			}
			var reached http.Request
			w := httptest.NewRecorder()
			guarded(t, c.allowed, &reached).ServeHTTP(w, r)
			got := w.Header()
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.told, got.Get("Access-Control-Allow-Origin"))
			assert.Empty(t, got.Get("Access-Control-Allow-Credentials"))
			assert.Equal(t, c.cookie, reached.Header.Get("Cookie") != "", "the cookie is passed on")
			assert.Equal(t, c.cookie, got.Get("Set-Cookie") != "", "cookies are set")
			assert.Equal(t, c.told != "" && !c.preflight, got.Get("Access-Control-Expose-Headers") != "")
			assert.Equal(t, c.told != "" && c.preflight, got.Get("Access-Control-Allow-Headers") != "")
			if c.allowed != "" && c.path != "/sell" && c.path != "/orders" {
				assert.Contains(t, got.Values("Vary"), "Origin", "a shared cache keeps answers apart")
			}
			if c.status == 400 {
				assert.JSONEq(t, `{"errors":[{"message":"This request came from another site","code":"cross_origin"}]}`, w.Body.String())
			}
		})
	}
}

// A setting that no browser's Origin can equal is refused at once.
func TestOriginsAreOrigins(t *testing.T) {
	for _, wrong := range []string{"*", "null", "app.example", "https://app.example/", "https://app.example/x", "https://App.example", "ftp://app.example", "https://ann@app.example", "https://app.example?", "https://app.example,,", "https://app.example:443", "http://app.example:80", "https://"} {
		var o origins
		assert.Error(t, o.Decode(wrong), wrong)
	}
	for right, want := range map[string]origins{
		"":                    nil,
		"https://app.example": {"https://app.example"},
		"http://localhost:5173 , https://app.example": {"http://localhost:5173", "https://app.example"},
	} {
		var o origins
		require.NoError(t, o.Decode(right))
		assert.Equal(t, want, o)
	}
}
