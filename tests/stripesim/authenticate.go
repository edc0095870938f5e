package main

import (
	"net/http"
	"strings"
)

// authenticate wants the secret key as a bearer, or as the user name of basic authentication.
func (s *simulator) authenticate(r *http.Request) *apiError {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, _ = r.BasicAuth()
	}
	e := &apiError{status: http.StatusUnauthorized, early: true, Type: "invalid_request_error"}
	switch key = strings.TrimSpace(key); key {
	case s.conf.SecretKey:
		return nil
	case "":
		e.Message = "You did not provide an API key. You need to provide your API key in the Authorization header, " +
			"using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication " +
			"for details, or we can help at https://support.stripe.com/."
	default:
		e.Message = "Invalid API Key provided: " + masked(key)
	}
	return e
}

// masked shows the kind of key and its last four characters, as Stripe does.
func masked(key string) string {
	if len(key) <= 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}
