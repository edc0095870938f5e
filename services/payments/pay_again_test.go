package main

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/service"
	"marketplace/shared/session"
)

// paysWith is the buyer's request with a key, through the table of routes.
func (w *world) paysWith(key, token string) *httptest.ResponseRecorder {
	ctx, cancel := w.alive()
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/payments", strings.NewReader(`{"orderId":"`+theOrder+`","token":"`+token+`"}`))
	signed := httptest.NewRecorder()
	_, err := session.NewIssuer(signingKey, false, w.now).Open(signed, session.User{ID: bob.ID, Email: "bob@example.com"}, 0)
	require.NoError(w.t, err)
	r.AddCookie(signed.Result().Cookies()[0])
	for name, value := range map[string]string{"Content-Type": "application/json", "dapr-api-token": "token", service.IdempotencyKey: key} {
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	w.routes(service.Settings{Token: "token"}, nil).ServeHTTP(answer, r)
	return answer
}

// A decline under a key stays one, though the card would do by now; another key is another try.
func TestADeclineIsAnsweredAsBefore(t *testing.T) {
	w := newWorld(t)
	first := w.paysWith("k1", "declined")
	require.Equal(t, 400, first.Code, "%s", first.Body)
	again := w.paysWith("k1", "declined")
	assert.Equal(t, first.Body.String(), again.Body.String())
	assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	assert.Len(t, w.network.byKey, 1, "nobody was asked again")
	assert.Equal(t, 409, w.paysWith("k1", "visa").Code, "another card is another request")
	assert.Equal(t, 201, w.paysWith("k2", "visa").Code)
	assert.Equal(t, first.Body.String(), w.paysWith("k1", "declined").Body.String())
}

// While the card network takes its time, the same payment again is told so, for as long as it may take.
func TestAPaymentWithAKeyTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var during *httptest.ResponseRecorder
		w.network.asked = func() {
			w.network.asked = nil
			w.at = w.at.Add(payLimit)
			during = w.paysWith("k1", "visa")
		}
		first := w.paysWith("k1", "visa")
		require.Equal(t, 201, first.Code, "%s", first.Body)
		require.NotNil(t, during)
		assert.Equal(t, 409, during.Code, "%s", during.Body)
		assert.Contains(t, during.Body.String(), `"idempotency_in_progress"`)
		assert.Equal(t, first.Body.String(), w.paysWith("k1", "visa").Body.String())
		assert.Len(t, w.network.byKey, 1)
	})
}

// Payments dies at any call of a payment with a key: sent again it is paid once, and answered alike from then on.
func TestAPaymentWithAKeyInterruptedAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 16 {
			t.Run(fmt.Sprint(calls, " ", effective), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.left, w.effective = calls, effective
					first := w.paysWith("k1", "visa")
					died := w.dead
					w.start()
					w.at = w.at.Add(payLimit + 5*time.Second)
					again := w.paysWith("k1", "visa")
					require.Equal(t, 201, again.Code, "%s", again.Body)
					if first.Code == 201 && !died {
						assert.Equal(t, first.Body.String(), again.Body.String())
					}
					assert.Equal(t, again.Body.String(), w.paysWith("k1", "visa").Body.String())
					assert.Len(t, w.network.byKey, 1)
					assert.Equal(t, 1, w.network.standing())
				})
			})
		}
	}
}
