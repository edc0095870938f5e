package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// account is one person. It is kept under the hash of the address, so that one address cannot have two accounts, in
// whatever race.
type account struct {
	ID        string     `json:"id"`
	Email     user.Email `json:"email"`
	Password  string     `json:"password"` // argon2id, see hash
	CreatedAt time.Time  `json:"createdAt"`

	VerifiedAt time.Time `json:"verifiedAt,omitzero"`  // when its owner showed that the address is his
	Generation int       `json:"generation,omitempty"` // of its sessions: the earlier ones are over, see endSessions
}

// entered is what its owner is told of an account when he signs in.
type entered struct {
	ID    string     `json:"id"`
	Email user.Email `json:"email"`
	session.Token
}

func accountKey(email user.Email) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}

// signUp makes an account and signs its owner in. Hashing comes last: nothing that is refused costs a hash. And no stranger has
// more Idempotency-Keys noted than his network may sign up; of the body only the address is: even a hash of the whole would
// give the password away to who can try many.
func (s *server) signUp(w http.ResponseWriter, r *http.Request) error {
	var in user.Credentials
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	email, err := in.ForSignUp()
	if err != nil {
		return err
	}
	if err := s.count(w, r, "signups."+networkOf(r), s.mostSignUps, "Too many sign-ups from your network"); err != nil {
		return err
	}
	return s.once.Again(func(w http.ResponseWriter, r *http.Request) error {
		return s.enrol(w, r, email, in.Password)
	}, service.Quick, in.Email)(w, r)
}

// enrol makes the account, unless an earlier try of the request has.
func (s *server) enrol(w http.ResponseWriter, r *http.Request, email user.Email, password string) error {
	id := service.NewID(r.Context())
	a, err := s.accounts.Get(r.Context(), accountKey(email))
	if fault.KindOf(err) == fault.NotFound {
		done, err := s.signUps.take(r.Context(), networkOf(r))
		if err != nil {
			return err
		}
		hashed := hash(password)
		done()
		a = account{ID: id, Email: email, Password: hashed, CreatedAt: s.now()}
		if err := s.accounts.Create(r.Context(), accountKey(email), a); !errors.Is(err, dapr.ErrExists) {
			if err != nil {
				return err
			}
			return s.made(w, a)
		}
		a, err = s.accounts.Get(r.Context(), accountKey(email))
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if a.ID != id {
		return fault.New(fault.Refused, "Email in use").Named(fault.EmailInUse)
	}
	return s.signUpAgain(w, r, password, a)
}

// made answers for a new account.
func (s *server) made(w http.ResponseWriter, a account) error {
	w.Header().Set("Location", "/api/users/currentuser")
	return s.enter(w, a, http.StatusCreated)
}

// enter opens a session, remembers the device and answers with the person who has both.
func (s *server) enter(w http.ResponseWriter, a account, status int) error {
	token, err := s.issuer.Open(w, s.userOf(a), a.Generation)
	if err != nil {
		return err
	}
	if err := s.issuer.Remember(w, a.ID, a.Generation); err != nil {
		return err
	}
	return api.Write(w, status, entered{a.ID, a.Email, token})
}
