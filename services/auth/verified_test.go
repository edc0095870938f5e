package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A session says whether its owner is verified, and whether an operator. Whoever signs up with an operator's address is none.
func TestWhoIsAnOperator(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.operators.Decode("Olga@example.com, oskar@example.com,"))
	for who, operator := range map[string]string{"olga": "true", "ann": "false"} {
		var browser []*http.Cookie
		says := func(verified, operator, why string) {
			t.Helper()
			_, body := h.ask(t, "GET", "/api/users/currentuser", home, "", &browser)
			assert.Contains(t, body, `"verified":`+verified, why)
			assert.Contains(t, body, `"operator":`+operator, why)
		}
		h.enters(t, "signup", home, who, "correct horse", &browser)
		says("false", "false", "the address may be anybody's")
		require.NoError(t, h.command(t.Context(), []string{"verify", who + "@example.com"}))
		says("false", "false", "until the next sign-in")
		h.enters(t, "signin", home, who, "correct horse", &browser)
		says("true", operator, "verified")
	}
	assert.ErrorContains(t, h.command(t.Context(), []string{"verify", "nobody@example.com"}), "nobody has an account")
	assert.EqualError(t, h.operators.Decode("olga@example.com, olga"), `"olga" is no e-mail address`)
}
