package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// account is one person. It is kept under the hash of the address, so that one address cannot have two accounts, in
// whatever race.
type account struct {
	ID        string     `json:"id"`
	Email     user.Email `json:"email"`
	Password  string     `json:"password"` // argon2id, see hash
	CreatedAt time.Time  `json:"createdAt"`
}

// person is what an account looks like from outside.
type person struct {
	ID    string     `json:"id"`
	Email user.Email `json:"email"`
}

func accountKey(email user.Email) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}

// signUp makes an account and signs its owner in.
func (s *server) signUp(w http.ResponseWriter, r *http.Request) error {
	var in user.Credentials
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	email, err := in.ForSignUp()
	if err != nil {
		return err
	}
	hashed, err := s.hash(r.Context(), in.Password)
	if err != nil {
		return err
	}
	a := account{ID: rand.Text(), Email: email, Password: hashed, CreatedAt: s.now()}
	if err := s.accounts.Create(r.Context(), accountKey(email), a); err != nil {
		if errors.Is(err, dapr.ErrExists) {
			return fault.New(fault.Refused, "Email in use")
		}
		return err
	}
	return s.enter(w, a, http.StatusCreated)
}

// enter opens a session and answers with the person who has it.
func (s *server) enter(w http.ResponseWriter, a account, status int) error {
	if err := s.issuer.Open(w, a.ID, string(a.Email)); err != nil {
		return err
	}
	return api.Write(w, status, person{ID: a.ID, Email: a.Email})
}
