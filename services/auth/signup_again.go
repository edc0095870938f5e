package main

import (
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/shared/fault"
	"marketplace/shared/service"
)

// signUpAgain answers who repeats a sign-up under its Idempotency-Key, because he did not hear that it was done: with a new
// session, since none is kept. So it is a sign-in, and counts as one: else a key that is easy to guess would let passwords be
// tried without end.
func (s *server) signUpAgain(w http.ResponseWriter, r *http.Request, password string, a account.Account) error {
	err := s.prove(w, r, a.Email, a, password)
	if fault.CodeOf(err) == fault.InvalidCredentials {
		return service.KeyReused()
	}
	if err != nil {
		return err
	}
	return s.made(w, a)
}

// network is whose Idempotency-Keys those of people are who have no account yet.
func network(r *http.Request) (string, error) { return networkOf(r), nil }
