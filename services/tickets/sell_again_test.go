package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
	"marketplace/shared/service"
)

const (
	aida = `{"title":"Aida","price":10}`
	key  = "Idempotency-Key"
)

// listings is how many tickets a seller has.
func (s *stall) listings(t testing.TB, seller string) int {
	t.Helper()
	var all []json.RawMessage
	require.NoError(t, json.Unmarshal(s.ask(t, seller, "GET", "/api/tickets/mine", "").Body.Bytes(), &all))
	return len(all)
}

// The answer to a listing was lost, and the seller sends it again.
func TestAListingSentTwiceIsOne(t *testing.T) {
	s := newStall()
	first := s.ask(t, "ann", "POST", "/api/tickets", aida, key, "k1")
	require.Equal(t, 201, first.Code)
	assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
	s.ask(t, "ann", "PUT", "/api/tickets/"+idIn(t, first), `{"title":"Tosca","price":11}`)
	*s.clock = s.clock.Add(23 * time.Hour)

	again := s.replica().ask(t, "ann", "POST", "/api/tickets", aida, key, "k1")
	assert.Equal(t, 201, again.Code)
	assert.Equal(t, first.Body.String(), again.Body.String(), "as it was, whatever happened since")
	assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	assert.Equal(t, first.Header().Get("Content-Type"), again.Header().Get("Content-Type"))

	for name, body := range map[string]string{"another title": `{"title":"Tosca","price":10}`, "another spelling": `{"title":"Aida", "price":10}`} {
		status, code, field := refused(t, s.ask(t, "ann", "POST", "/api/tickets", body, key, "k1"))
		assert.Equal(t, 409, status, name)
		assert.Equal(t, fault.KeyReused, code, name)
		assert.Equal(t, key, field, name)
	}
	assert.Equal(t, 1, s.listings(t, "ann"))

	assert.NotEqual(t, idIn(t, first), idIn(t, s.ask(t, "bob", "POST", "/api/tickets", aida, key, "k1")), "another user's key is another key")
	assert.NotEqual(t, idIn(t, first), idIn(t, s.ask(t, "ann", "POST", "/api/tickets", aida, key, "k2")))
	assert.NotEqual(t, s.sells(t, "ann", "Aida"), s.sells(t, "ann", "Aida"), "without a key each is one more")
	*s.clock = s.clock.Add(2 * time.Hour)
	assert.NotEqual(t, idIn(t, first), idIn(t, s.ask(t, "ann", "POST", "/api/tickets", aida, key, "k1")), "a day is over")
}

// A form that was refused for what is in it is mended and sent again, with the key that it has.
func TestARefusedListingDoesNotUseUpItsKey(t *testing.T) {
	s := newStall()
	for _, body := range []string{`{"title":"","price":10}`, `rubbish`, `{"title":"` + strings.Repeat("x", 70<<10) + `"}`} {
		w := s.ask(t, "ann", "POST", "/api/tickets", body, key, "k1")
		assert.Contains(t, []int{400, 413}, w.Code)
	}
	assert.Equal(t, 401, s.ask(t, "", "POST", "/api/tickets", aida, key, "k1").Code)
	assert.Equal(t, 201, s.ask(t, "ann", "POST", "/api/tickets", aida, key, "k1").Code)
	assert.Equal(t, 1, s.listings(t, "ann"))
}

func TestAKeyHasAForm(t *testing.T) {
	s := newStall()
	for _, bad := range []string{strings.Repeat("k", 256), "ké", "a\x7f", "k\t"} {
		status, _, field := refused(t, s.ask(t, "ann", "POST", "/api/tickets", aida, key, bad))
		assert.Equal(t, 400, status, "%q", bad)
		assert.Equal(t, key, field, "%q", bad)
	}
	assert.Equal(t, 201, s.ask(t, "ann", "POST", "/api/tickets", aida, key, strings.Repeat("k", 255)).Code)
	assert.Equal(t, 1, s.listings(t, "ann"))
}

// A replica dies at any call of a listing with a key, before it or after: sent again, also to another replica, it is listed
// once, and with no other body.
func TestAListingInterruptedAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		done := false
		for calls := 0; !done; calls++ {
			require.Less(t, calls, 30)
			t.Run(fmt.Sprint(calls, " ", effective), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStall()
					s.store.DieAfter(calls, effective)
					ctx, cancel := context.WithTimeout(t.Context(), service.Quick)
					defer cancel()
					first := s.askUntil(ctx, t, "ann", "POST", "/api/tickets", aida, key, "k1")
					done = first.Code == 201 && calls > 8
					s.store.Revive()
					*s.clock = s.clock.Add(time.Minute)
					other := s.replica()
					again := other.ask(t, "ann", "POST", "/api/tickets", aida, key, "k1")
					require.Equal(t, 201, again.Code, "%s", again.Body)
					if first.Code == 201 {
						assert.Equal(t, first.Body.String(), again.Body.String())
					}
					third := other.ask(t, "ann", "POST", "/api/tickets", aida, key, "k1")
					assert.Equal(t, again.Body.String(), third.Body.String())
					assert.Equal(t, "true", third.Header().Get("Idempotency-Replayed"))
					assert.Equal(t, 1, other.listings(t, "ann"))
					status, code, _ := refused(t, other.ask(t, "ann", "POST", "/api/tickets", `{"title":"Tosca","price":1}`, key, "k1"))
					assert.Equal(t, 409, status)
					assert.Equal(t, fault.KeyReused, code)
				})
			})
		}
	}
}
