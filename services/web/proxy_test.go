package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// A sidecar that dies while it answers leaves its status behind and half of the rest, and the sidecar that asked it passes
// that on as if it were whole. Who asked must not take it for the answer.
func TestHalfAnAnswerIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		method, kind, body string
		status, want       int
	}{
		"whole":                {"POST", "application/json", `{"id":"T-1"}` + "\n", 201, 201},
		"a whole list":         {"GET", "application/json", `[{"id":"T-1"},{"id":"T-2"}]` + "\n", 200, 200},
		"nothing":              {"POST", "application/json", "", 201, 503},
		"without its kind":     {"POST", "", "", 200, 503},
		"half":                 {"POST", "application/json", `{"id":"T-1","vers`, 201, 503},
		"half a list":          {"GET", "application/json", `[{"id":"T-1"},`, 200, 503},
		"no content":           {"DELETE", "", "", 204, 204},
		"half of a refusal":    {"POST", "application/json", `{"errors":[{"mess`, 400, 503},
		"a refusal's own kind": {"POST", "application/json", `{"errors":[{"message":"no"}]}`, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			sidecar := sidecarAt(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.kind != "" {
					w.Header().Set("Content-Type", c.kind)
				}
				w.WriteHeader(c.status)
				w.(http.Flusher).Flush() // without a length, as a sidecar does
				_, _ = io.WriteString(w, c.body)
			})
			w := httptest.NewRecorder()
			passOn(sidecar, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(c.method, "/api/orders", http.NoBody))
			assert.Equal(t, c.want, w.Code, "%s", w.Body)
			if c.want == http.StatusServiceUnavailable {
				assert.NotEmpty(t, w.Header().Get("Retry-After"))
			} else {
				assert.Equal(t, c.body, w.Body.String())
			}
		})
	}
}

// What programs send for services to read gets there, and what services say comes back as they said it.
func TestPassOn(t *testing.T) {
	var heard *http.Request
	sidecar := sidecarAt(t, func(w http.ResponseWriter, r *http.Request) {
		heard = r
		w.Header().Set("RateLimit-Remaining", "3")
		w.Header().Set("Allow", "GET")
		if r.URL.Path == "/api/tickets/none" {
			api.Fail(w, r, fault.New(fault.Refused, "No").Named(fault.TicketReserved))
			return
		}
		_ = api.Created(w, "/api/tickets/1", "made")
	})
	server := httptest.NewServer(passOn(sidecar, slog.New(slog.DiscardHandler)))
	defer server.Close()
	ask := func(method, path string) (*http.Response, string) {
		req, err := http.NewRequest(method, server.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer token")
		req.Header.Set("Accept", "application/problem+json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp, string(body)
	}
	got, body := ask("POST", "/api/tickets")
	assert.Equal(t, "Bearer token", heard.Header.Get("Authorization"))
	assert.Equal(t, "application/problem+json", heard.Header.Get("Accept"))
	assert.Equal(t, "\"made\"\n", body)
	for name, want := range map[string]string{"Location": "/api/tickets/1", "RateLimit-Remaining": "3", "Allow": "GET"} {
		assert.Equal(t, want, got.Header.Get(name))
	}

	got, body = ask("GET", "/api/tickets/none")
	assert.Equal(t, 400, got.StatusCode)
	assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
	assert.Contains(t, body, `"code":"ticket_reserved"`)
	head, body := ask("HEAD", "/api/tickets/none")
	assert.Empty(t, body)
	assert.Equal(t, got.StatusCode, head.StatusCode)
	assert.Equal(t, got.ContentLength, head.ContentLength)

	for method, want := range map[string]string{"PUT": "PUT", "OPTIONS": "OPTIONS", "HEAD": "GET", "BREW": "TRACE", "put": "TRACE"} {
		ask(method, "/api/tickets")
		assert.Equal(t, want, heard.Method, method)
	}

	got, body = ask("GET", "/api/tickets/../orders") // an answer of web's own
	assert.Equal(t, 404, got.StatusCode)
	assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
	assert.Contains(t, body, `"code":"not_found"`)
}

// No id needs escaping, and a sidecar that is sent one that does may fail.
func TestWhatNeedsEscapingLeadsNowhere(t *testing.T) {
	sidecar := sidecarAt(t, func(http.ResponseWriter, *http.Request) { t.Error("the sidecar is asked") })
	for _, path := range []string{"/api/tickets/x%1F", "/api/orders/x%C2%97", "/api/payments/%7F", "/api/orders/%0B", "/api/payments/%23%C3%B5", "/api/orders/%3Fx", "/api/orders/x%20", "/api/orders/%C3%A9", "/api/orders/%25"} {
		w := httptest.NewRecorder()
		passOn(sidecar, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		assert.Equal(t, http.StatusNotFound, w.Code, path)
	}
}
