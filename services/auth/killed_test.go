package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// Auth dies at any call, with that call done or not. What a person asked for has then happened or not, never half: where the
// password changed every earlier session is over and everybody was told, though nobody can ask for it a second time.
func TestKilledAnywhere(t *testing.T) {
	type world struct {
		*house
		anns, thiefs []*http.Cookie
		reset, proof string // tokens
	}
	prepare := func(t *testing.T) *world {
		w := &world{house: newHouse(t)}
		w.enters(t, "signup", home, "ann", "correct horse", &w.anns)
		w.enters(t, "signin", abroad, "ann", "correct horse", &w.thiefs)
		w.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
		w.reset, w.proof = w.latest(t, "reset", "forgotten"), w.latest(t, "verify", "created")
		return w
	}
	opens := func(t *testing.T, w *world, password string) bool {
		w.now = w.now.Add(16 * time.Minute) // tries that were counted by the dead
		status, _ := w.enters(t, "signin", home, "ann", password, nil)
		return status == 200
	}
	changed := func(t *testing.T, w *world, done bool) {
		assert.Equal(t, done, slices.Contains(w.whats(t), "password-changed"), "told")
		assert.Equal(t, done, w.over(t, w.thiefs), "earlier sessions")
		assert.Equal(t, done, opens(t, w, "battery staple"))
		assert.Equal(t, !done, opens(t, w, "correct horse"))
	}
	for name, c := range map[string]struct {
		calls int // as many as it makes, and one more
		do    func(t *testing.T, w *world, browser *[]*http.Cookie) int
		again []int // what the same request may be answered afterwards
		after func(t *testing.T, w *world, done bool)
	}{
		"reset": {13, func(t *testing.T, w *world, _ *[]*http.Cookie) int {
			status, _ := w.post(t, "reset", `{"token":"`+w.reset+`","password":"battery staple"}`, nil)
			return status
		}, []int{200, 400}, changed},
		"password": {15, func(t *testing.T, w *world, browser *[]*http.Cookie) int {
			status, _ := w.post(t, "password", `{"current":"correct horse","password":"battery staple"}`, browser)
			return status
		}, []int{200, 401}, changed},
		"verify": {7, func(t *testing.T, w *world, _ *[]*http.Cookie) int {
			status, _ := w.post(t, "verify", `{"token":"`+w.proof+`"}`, nil)
			return status
		}, []int{200}, func(t *testing.T, w *world, done bool) {
			assert.Equal(t, done, slices.Contains(w.whats(t), "verified"))
			assert.False(t, w.over(t, w.thiefs))
		}},
		"delete": {15, func(t *testing.T, w *world, browser *[]*http.Cookie) int {
			status, _ := w.ask(t, "DELETE", "/api/users/me", home, `{"password":"correct horse"}`, browser)
			return status
		}, []int{204, 401}, func(t *testing.T, w *world, done bool) {
			assert.Equal(t, done, slices.Contains(w.whats(t), "deleted"))
			assert.Equal(t, done, w.over(t, w.thiefs))
			assert.Equal(t, !done, opens(t, w, "correct horse"))
		}},
		"sign out everywhere": {7, func(t *testing.T, w *world, browser *[]*http.Cookie) int {
			status, _ := w.post(t, "signout-everywhere", "", browser)
			return status
		}, []int{200}, func(t *testing.T, w *world, done bool) { assert.Equal(t, done, w.over(t, w.thiefs)) }},
	} {
		for calls := range c.calls {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/after %d calls, the next done: %v", name, calls, effective), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { // nobody has to wait for the dead
						w := prepare(t)
						began := w.now
						w.sidecar.DieAfter(calls, effective)
						browser := slices.Clone(w.anns)
						c.do(t, w, &browser)
						w.background.Wait()
						w.outbox.Wait()
						w.sidecar.Revive()

						w.start(w.private.Public().(ed25519.PublicKey)) // another replica, without any memory
						w.now = w.now.Add(time.Minute)                  // the nudges are old by now
						for _, e := range w.sidecar.Published(events.OutboxTopic("auth")) {
							require.NoError(t, w.outbox.Nudged(context.Background(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
						}
						a, err := w.accounts.Get(t.Context(), accountKey("ann@example.com"))
						require.NoError(t, err)
						done := map[string]bool{"reset": a.Generation > 0, "password": a.Generation > 0, "verify": a.Verified(), "delete": a.Gone()}[name]
						if name != "sign out everywhere" { // whoever has no answer asks again
							c.after(t, w, done)
						}
						w.now = began.Add(time.Minute) // while the link is good
						browser = slices.Clone(w.anns)
						assert.Contains(t, c.again, c.do(t, w, &browser))
						c.after(t, w, true)
					})
				})
			}
		}
	}
}
