package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
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
		"the head of it":       {"HEAD", "application/json", "", 200, 200},
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
