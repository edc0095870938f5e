package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What a service says of caching stands, and only that; what it says nothing of nobody keeps. Tags go to and fro.
func TestCachingIsTheServicesWord(t *testing.T) {
	var asked http.Header
	status, keep := 200, ""
	sidecar := sidecarAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		if keep != "" {
			w.Header().Set("Cache-Control", keep)
		}
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(status)
		if status != 304 {
			_, _ = w.Write([]byte(`{"errors":[{"message":"No"}]}`))
		}
	})
	s := doorman(settings{}, func() time.Time { return noon }, slog.New(slog.DiscardHandler), passOn(sidecar, slog.New(slog.DiscardHandler)))
	get := func() http.Header {
		r := httptest.NewRequest("GET", "/api/tickets", nil)
		r.Header["If-None-Match"] = []string{`"a"`, `"x"`}
		r.Header.Set("If-Match", `"b"`)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		assert.Equal(t, status, w.Code)
		return w.Result().Header
	}
	assert.Equal(t, []string{"no-store"}, get()["Cache-Control"])
	assert.Equal(t, []string{`"a", "x"`}, asked["If-None-Match"])
	assert.Equal(t, []string{`"b"`}, asked["If-Match"])
	keep = "public, max-age=1"
	assert.Equal(t, []string{"public, max-age=1"}, get()["Cache-Control"])
	status = 304
	kept := get()
	assert.Equal(t, []string{"public, max-age=1"}, kept["Cache-Control"])
	assert.Equal(t, `"x"`, kept.Get("ETag"))
	status = 400
	assert.Equal(t, []string{"no-store"}, get()["Cache-Control"], "a refusal is not kept")
	sidecar.Close()
	status = 503
	gone := sidecarAt(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	s = doorman(settings{}, func() time.Time { return noon }, slog.New(slog.DiscardHandler), passOn(gone, slog.New(slog.DiscardHandler)))
	assert.Equal(t, []string{"no-store"}, get()["Cache-Control"])
}

// A key that is none is refused as it came: cleaned up for the sidecar it might be somebody else's.
func TestAKeyIsPassedOnAsItCame(t *testing.T) {
	var asked []string
	sidecar := sidecarAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header["Idempotency-Key"]
		_, _ = w.Write([]byte("{}"))
	})
	api := passOn(sidecar, slog.New(slog.DiscardHandler))
	for key, status := range map[string]int{"k 1": 200, "\xff": 400, "k\u00e9": 400, "k\x01": 400, strings.Repeat("k", 256): 400, strings.Repeat("k", 3000): 400} {
		asked = nil
		r := httptest.NewRequest("POST", "/api/tickets", nil)
		r.Header["Idempotency-Key"] = []string{key}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		assert.Equal(t, status, w.Code, "%q", key)
		if status == 200 {
			assert.Equal(t, []string{key}, asked)
		}
	}
}
