package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Where a request comes from is what the ingress says, or what we see.
func TestWhereARequestComesFrom(t *testing.T) {
	for _, row := range []struct {
		trust         bool
		claimed, want string
	}{{false, "", "192.0.2.1"}, {false, "10.0.0.1", "192.0.2.1"}, {true, "10.0.0.1", "10.0.0.1"}, {true, "", "192.0.2.1"}} {
		seen := ""
		guarded := doorman(settings{TrustForwarded: row.trust}, time.Now, slog.New(slog.DiscardHandler),
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("X-Forwarded-For") }))
		r := httptest.NewRequest(http.MethodGet, "/", nil) // from 192.0.2.1
		if row.claimed != "" {
			r.Header.Set("X-Forwarded-For", row.claimed)
		}
		guarded.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, row.want, seen, "%+v", row)
	}
}

// Whoever came over HTTPS once comes over HTTPS again, whatever he asked for.
func TestHTTPSStays(t *testing.T) {
	for _, https := range []bool{true, false} {
		guarded := doorman(settings{HTTPS: https}, time.Now, slog.New(slog.DiscardHandler), http.NotFoundHandler())
		got := get(t, guarded, "/", "").Header().Get("Strict-Transport-Security")
		if assert.Equal(t, https, got != ""); https {
			assert.Equal(t, "max-age=31536000", got)
		}
	}
}
