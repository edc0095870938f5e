package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/service"
)

// signsUp signs up with a key.
func (h *house) signsUp(ctx context.Context, from, key, email, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/users/signup", strings.NewReader(`{"email":"`+email+`","password":"`+password+`"}`))
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Forwarded-For": from, "dapr-api-token": "token", service.IdempotencyKey: key} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.routes(service.Settings{Token: "token"}, slog.New(slog.DiscardHandler), nil).ServeHTTP(w, r)
	return w
}

// The answer to a sign-up was lost: sent again with its key it signs in to the same account.
func TestASignUpSentTwiceIsOne(t *testing.T) {
	h := newHouse(t)
	first := h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse")
	require.Equal(t, 201, first.Code, "%s", first.Body)
	again := h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse")
	assert.Equal(t, 201, again.Code, "%s", again.Body)
	assert.Equal(t, whose(t, first), whose(t, again))
	assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	assert.NotEmpty(t, again.Result().Cookies(), "a session of its own")

	for _, other := range [][2]string{{"bob@example.com", "correct horse"}, {"ann@example.com", "wrong horse"}} {
		w := h.signsUp(t.Context(), home, "k1", other[0], other[1])
		assert.Equal(t, 409, w.Code, other)
		assert.Contains(t, w.Body.String(), `"idempotency_key_reused"`)
		assert.Empty(t, w.Result().Cookies())
	}
	for _, w := range []*httptest.ResponseRecorder{h.signsUp(t.Context(), abroad, "k1", "ann@example.com", "correct horse"), h.signsUp(t.Context(), home, "k2", "ann@example.com", "correct horse")} {
		assert.Equal(t, 400, w.Code, "from elsewhere, or with another key, it is another request")
		assert.Contains(t, w.Body.String(), `"Email in use"`)
	}
	for _, key := range h.sidecar.Keys() {
		item, err := h.sidecar.Load(t.Context(), key)
		require.NoError(t, err)
		for _, secret := range []string{"correct horse", again.Result().Cookies()[0].Value, first.Result().Cookies()[0].Value} {
			assert.NotContains(t, string(item.Value), secret, key)
		}
	}
}

// whose is the account that an answer tells of. Its token is another each time: none is kept.
func whose(t *testing.T, answer *httptest.ResponseRecorder) (who struct{ ID, Email string }) {
	t.Helper()
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &who))
	require.NotEmpty(t, who.ID)
	return who
}

// A key is no way to try passwords without end.
func TestAKeyIsNoWayAroundTheCountOfTries(t *testing.T) {
	h := newHouse(t)
	h.mostSignUps = 1000
	require.Equal(t, 201, h.signsUp(t.Context(), home, "1", "ann@example.com", "correct horse").Code)
	for i := range mostOfAccount {
		require.Equal(t, 409, h.signsUp(t.Context(), home, "1", "ann@example.com", fmt.Sprint("wrong horse", i)).Code)
	}
	assert.Equal(t, http.StatusTooManyRequests, h.signsUp(t.Context(), home, "1", "ann@example.com", "correct horse").Code)
}

// Auth dies at any call of a sign-up with a key: sent again it is an account, and the sender is in it.
func TestASignUpInterruptedAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 16 {
			t.Run(fmt.Sprint(calls, " ", effective), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHouse(t)
					h.sidecar.DieAfter(calls, effective)
					ctx, cancel := context.WithTimeout(t.Context(), service.Quick)
					defer cancel()
					first := h.signsUp(ctx, home, "k1", "ann@example.com", "correct horse")
					h.sidecar.Revive()
					h.now = h.now.Add(time.Minute)
					again := h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse")
					require.Equal(t, 201, again.Code, "%s", again.Body)
					if first.Code == 201 {
						assert.Equal(t, whose(t, first), whose(t, again))
					}
					status, _ := h.enters(t, "signin", home, "ann", "correct horse", nil)
					assert.Equal(t, 200, status)
				})
			})
		}
	}
}

// A stranger's keys take no more room than his network's share of sign-ups.
func TestKeysOfStrangersAreBounded(t *testing.T) {
	h := newHouse(t)
	h.mostSignUps = 2
	for i := range 6 {
		h.signsUp(t.Context(), abroad, fmt.Sprint("rubbish ", i), "nobody", "x")
	}
	for i := range 6 {
		h.signsUp(t.Context(), abroad, fmt.Sprint("k", i), fmt.Sprintf("ann%d@example.com", i), "correct horse")
	}
	noted := 0
	for _, key := range h.sidecar.Keys() {
		if strings.HasPrefix(key, "request:") {
			noted++
		}
	}
	assert.Equal(t, 2, noted)
}
