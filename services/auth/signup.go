package main

import (
	"context"
	"errors"
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// entered is what its owner is told of an account when he signs in.
type entered struct {
	ID    string     `json:"id"`
	Email user.Email `json:"email"`
	session.Token
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
	a, err := s.at(r.Context(), email)
	if fault.KindOf(err) == fault.NotFound {
		done, err := s.signUps.take(r.Context(), networkOf(r))
		if err != nil {
			return err
		}
		hashed := hash(password)
		done()
		a, err = s.create(r.Context(), account.New(id, email, hashed, deviceOf(r), s.now()))
		if err == nil {
			return s.made(w, a)
		}
		if !errors.Is(err, dapr.ErrExists) {
			return err
		}
		if a, err = s.at(r.Context(), email); fault.KindOf(err) == fault.NotFound {
			return service.KeyReused() // for what has been deleted since
		}
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

// create keeps a new account, where there is none or another was deleted. It returns ErrExists when there is one, or was: what
// its id stands for elsewhere is gone, its sessions are over, and links that were mailed must not open it again.
func (s *server) create(ctx context.Context, a account.Account) (account.Account, error) {
	if err := s.owned(ctx, a.ID, a.Email); err != nil {
		return a, err
	}
	return s.promised(ctx, func(ctx context.Context, by dapr.Promise) (account.Account, error) {
		return s.accounts.Upsert(ctx, by, accountKey(a.Email), func(there *account.Account) error {
			if !there.Gone() || there.ID == a.ID {
				return dapr.ErrExists
			}
			*there = a
			return nil
		})
	})
}

// made answers for a new account.
func (s *server) made(w http.ResponseWriter, a account.Account) error {
	w.Header().Set("Location", "/api/users/currentuser")
	return s.enter(w, a, http.StatusCreated)
}

// enter opens a session, remembers the device and answers with the person who has both.
func (s *server) enter(w http.ResponseWriter, a account.Account, status int) error {
	token, err := s.open(w, a)
	if err != nil {
		return err
	}
	return api.Write(w, status, entered{a.ID, a.Email, token})
}

// open opens a session and remembers the device.
func (s *server) open(w http.ResponseWriter, a account.Account) (session.Token, error) {
	token, err := s.issuer.Open(w, s.userOf(a), a.Generation)
	if err != nil {
		return token, err
	}
	return token, s.issuer.Remember(w, a.ID, a.Generation)
}
