// Package user says what an e-mail address and a password must look like. Pure rules.
package user

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"marketplace/shared/fault"
)

// Longest e-mail address that can be delivered to (RFC 5321).
const longestEmail = 254

// Email is an address as accounts know it: trimmed, in lower case.
type Email string

// Credentials is what signing up and signing in ask for.
type Credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// ForSignUp checks the credentials of a new account.
func (c Credentials) ForSignUp() (Email, error) {
	email, ok := ParseEmail(c.Email)
	var wrong fault.Fields
	wrong.Check(ok, "email", "Email must be valid")
	wrong.Check(MayBePassword(c.Password), "password", PasswordRule)
	return email, wrong.Err()
}

// PasswordRule is what a password that is being chosen must be.
const PasswordRule = "Password must be between 8 and 128 characters"

// MayBePassword tells whether a password may be chosen.
func MayBePassword(password string) bool {
	length := utf8.RuneCountInString(password)
	return length >= 8 && length <= 128
}

// ForSignIn checks that there is something to compare. The rules for passwords may have been others when it was chosen.
func (c Credentials) ForSignIn() (Email, error) {
	email, ok := ParseEmail(c.Email)
	var wrong fault.Fields
	wrong.Check(ok, "email", "Email must be valid")
	wrong.Check(strings.TrimSpace(c.Password) != "", "password", "You must supply a password")
	return email, wrong.Err()
}

// ParseEmail reads an address as somebody types it; false when it is none.
func ParseEmail(s string) (Email, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || len(s) > longestEmail || !utf8.ValidString(s) {
		return "", false // also refuses "Name <address>", which ParseAddress would take apart
	}
	_, domain, _ := strings.Cut(s, "@")
	return Email(s), strings.Contains(domain, ".") && !strings.ContainsAny(s, `"[] `)
}
