package main

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

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
