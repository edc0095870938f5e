package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/service"
)

// says is what a sign-in or sign-up is answered.
func (h *house) says(t *testing.T, how, from, who, password string) (int, http.Header, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/users/"+how, strings.NewReader(`{"email":"`+who+`@example.com","password":"`+password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("dapr-api-token", "token")
	w := httptest.NewRecorder()
	h.routes(service.Settings{Token: "token"}, slog.New(slog.DiscardHandler), nil).ServeHTTP(w, r)
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return w.Code, w.Header(), body
}

// Where tries are counted the answer says how many are left, and when all are there again.
func TestLimitsAreTold(t *testing.T) {
	h := newHouse(t)
	h.mostSignUps = 2
	limit := func(header http.Header) [3]string {
		return [3]string{header.Get("RateLimit-Limit"), header.Get("RateLimit-Remaining"), header.Get("RateLimit-Reset")}
	}
	_, header, _ := h.says(t, "signup", home, "ann", "correct horse")
	assert.Equal(t, [3]string{"2", "1", "900"}, limit(header))
	h.now = h.now.Add(time.Minute)
	_, header, _ = h.says(t, "signup", home, "bob", "correct horse")
	assert.Equal(t, [3]string{"2", "0", "840"}, limit(header))
	status, header, _ := h.says(t, "signup", home, "eve", "correct horse")
	assert.Equal(t, 429, status)
	assert.Equal(t, [3]string{"2", "0", "840"}, limit(header))
	assert.Equal(t, "840", header.Get("Retry-After"))

	for left := range mostOfAccount {
		_, header, body := h.says(t, "signin", abroad, "ann", "wrong horse")
		assert.Equal(t, "10", header.Get("RateLimit-Limit"))
		assert.Equal(t, []string{"9", "8", "7", "6", "5", "4", "3", "2", "1", "0"}[left], header.Get("RateLimit-Remaining"))
		assert.Equal(t, "invalid_credentials", body["errors"].([]any)[0].(map[string]any)["code"])
	}
	status, header, _ = h.says(t, "signin", abroad, "ann", "correct horse")
	assert.Equal(t, 429, status)
	assert.Equal(t, [3]string{"10", "0", "900"}, limit(header))
	h.now = h.now.Add(20 * time.Minute)
	status, header, _ = h.says(t, "signin", abroad, "ann", "correct horse")
	assert.Equal(t, 200, status)
	assert.Equal(t, [3]string{"10", "10", "0"}, limit(header), "a right password costs nothing")
	for range mostOfNetwork - 3 {
		require.NoError(t, h.count(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), "address.2001:db8::/64", mostOfNetwork, ""))
	}
	_, header, _ = h.says(t, "signin", abroad, "bob", "wrong horse")
	assert.Equal(t, "200", header.Get("RateLimit-Limit"), "the network has fewer left than the account")
	assert.Equal(t, "2", header.Get("RateLimit-Remaining"))
}

// A program gets the token that a browser gets as its cookie.
func TestProgramsGetTheToken(t *testing.T) {
	h := newHouse(t)
	for how, want := range map[string]int{"signup": 201, "signin": 200} {
		if how == "signin" {
			h.says(t, "signup", home, "signin", "correct horse")
		}
		status, header, body := h.says(t, how, home, how, "correct horse")
		require.Equal(t, want, status)
		assert.Contains(t, header.Get("Set-Cookie"), "session="+body["token"].(string)+";")
		assert.Equal(t, "2026-03-02T12:00:00.000Z", body["expiresAt"])
		assert.Equal(t, how+"@example.com", body["email"])
		assert.NotEmpty(t, body["id"])
	}
}
