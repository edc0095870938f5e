package user

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEmail(t *testing.T) {
	for in, want := range map[string]Email{
		"ann@example.com":       "ann@example.com",
		"  Ann@Example.COM ":    "ann@example.com", // the same person, whatever the keyboard did
		"ann+tickets@mail.co.x": "ann+tickets@mail.co.x",
	} {
		got, err := Credentials{Email: in, Password: "long enough"}.ForSignUp()
		assert.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
	for _, in := range []string{"", "ann", "ann@", "@example.com", "ann@localhost", "Ann <ann@example.com>", "a b@example.com",
		`"ann"@example.com`, "ann@[127.0.0.1]", "ann@example.com, bob@example.com", strings.Repeat("a", 250) + "@example.com"} {
		_, err := Credentials{Email: in, Password: "long enough"}.ForSignUp()
		assert.EqualError(t, err, "Email must be valid", in)
	}
}

func TestPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"1234567": false, "12345678": true, "pässwört": true, // eight characters, ten bytes
		strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
	} {
		_, err := Credentials{Email: "ann@example.com", Password: password}.ForSignUp()
		assert.Equal(t, ok, err == nil, password)
	}
	_, err := Credentials{Email: "nope"}.ForSignIn()
	assert.EqualError(t, err, "Email must be valid; You must supply a password", "every wrong field is named at once")
}
