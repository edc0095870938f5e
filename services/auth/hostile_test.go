package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/auth/user"
)

// Strangers who guess at an account without end do not keep its owner out: a mailed link always leads back in.
func TestALinkLeadsPastThoseWhoGuess(t *testing.T) {
	h := newHouse(t)
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
	token := h.latest(t, "reset", "forgotten")
	guess := func() {
		for range mostOfAccount {
			h.enters(t, "signin", abroad, "ann", "wrong horse", nil)
		}
	}
	guess()
	browser := []*http.Cookie{}
	status, _ := h.post(t, "reset", `{"token":"`+token+`","password":"battery staple"}`, &browser)
	require.Equal(t, 200, status)
	_, body := h.ask(t, "GET", "/api/users/currentuser", home, "", &browser)
	assert.JSONEq(t, `{"currentUser":null}`, body, "it signs nobody in")
	guess()
	status, _ = h.enters(t, "signin", home, "ann", "battery staple", &browser)
	assert.Equal(t, 200, status)
	status, _ = h.enters(t, "signin", abroad, "ann", "battery staple", nil)
	assert.Equal(t, 429, status, "others wait")
	assert.Equal(t, []string{"created", "forgotten", "password-changed"}, h.whats(t), "the letter about the password is enough")
}

// The key of a sign-up makes one account, and not the same one again when that is deleted: its sessions are over for good.
func TestAKeyDoesNotBringADeletedAccountBack(t *testing.T) {
	h := newHouse(t)
	first := h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse")
	require.Equal(t, 201, first.Code)
	browser := first.Result().Cookies()
	status, _ := h.ask(t, "DELETE", "/api/users/me", home, `{"password":"correct horse"}`, &browser)
	require.Equal(t, 204, status)
	again := h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse")
	assert.Equal(t, 409, again.Code, "%s", again.Body)
	assert.Contains(t, again.Body.String(), `"idempotency_key_reused"`)
	assert.Empty(t, again.Result().Cookies())
	other := h.signsUp(t.Context(), home, "k2", "ann@example.com", "correct horse")
	require.Equal(t, 201, other.Code)
	assert.NotEqual(t, whose(t, first).ID, whose(t, other).ID)
	assert.Equal(t, 400, h.signsUp(t.Context(), home, "k1", "ann@example.com", "correct horse").Code, "in use")
	assert.Equal(t, []string{"created", "deleted", "created"}, h.whats(t))
}

// Whoever signs up with an operator's address before him, and has him open the link that is mailed, is no operator: the link
// must be opened by who is signed in to the account as well.
func TestALinkThatTheOwnerOpensMakesNoStrangerAnOperator(t *testing.T) {
	h := newHouse(t)
	h.operators = operators{user.Email("olga@example.com")}
	is := func(browser *[]*http.Cookie) bool {
		_, body := h.ask(t, "GET", "/api/users/currentuser", home, "", browser)
		assert.Contains(t, body, `"verified":true`)
		return strings.Contains(body, `"operator":true`)
	}
	var thief, olga []*http.Cookie
	h.enters(t, "signup", abroad, "olga", "correct horse", &thief)
	token := h.latest(t, "verify", "created")
	status, _ := h.post(t, "verify", `{"token":"`+token+`"}`, nil) // Olga, in her own browser
	require.Equal(t, 200, status)
	h.enters(t, "signin", abroad, "olga", "correct horse", &thief)
	assert.False(t, is(&thief))

	h.post(t, "forgot", `{"email":"olga@example.com"}`, nil)
	token = h.latest(t, "reset", "forgotten")
	status, _ = h.post(t, "reset", `{"token":"`+token+`","password":"battery staple"}`, nil)
	require.Equal(t, 200, status)
	h.enters(t, "signin", home, "olga", "battery staple", &olga)
	assert.True(t, is(&olga), "whoever has chosen the password by a mailed link has both")

	h.operators = operators{user.Email("oskar@example.com"), user.Email("otto@example.com")}
	var oskar, otto []*http.Cookie
	h.enters(t, "signup", home, "oskar", "correct horse", &oskar)
	token = h.latest(t, "verify", "created")
	status, _ = h.post(t, "verify", `{"token":"`+token+`"}`, &oskar)
	require.Equal(t, 200, status)
	assert.True(t, is(&oskar), "signed in, and with the link")

	h.enters(t, "signup", home, "otto", "correct horse", &otto)
	token = h.latest(t, "verify", "created")
	h.post(t, "verify", `{"token":"`+token+`"}`, nil)
	require.NoError(t, h.command(t.Context(), []string{"verify", "otto@example.com"}))
	h.enters(t, "signin", home, "otto", "correct horse", &otto)
	assert.True(t, is(&otto), "somebody beside auth says so")
}
