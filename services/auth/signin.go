package main

import (
	"context"
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// signIn checks a password. Unknown address and wrong password are refused alike, in words and in time.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) error {
	var in user.Credentials
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	email, err := in.ForSignIn()
	if err != nil {
		return err
	}
	a, err := s.at(r.Context(), email)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	known := s.knows(r, a)
	if err := s.prove(w, r, email, a, in.Password); err != nil {
		return err
	}
	if err := s.makeFindable(r.Context(), a); err != nil {
		return err
	}
	proven := a.Password
	a, err = s.promised(r.Context(), func(ctx context.Context, by dapr.Promise) (account.Account, error) {
		return s.accounts.Update(ctx, by, accountKey(email), func(a *account.Account) error {
			a.Findable = true
			return a.SignIn(proven, deviceOf(r), known, s.now())
		})
	})
	if err != nil {
		return err
	}
	return s.enter(w, a, http.StatusOK)
}

// knows tells whether a request comes from a device that has been in an account, since its sessions were ended last.
func (s *server) knows(r *http.Request, a account.Account) bool {
	d, known := s.verifier.Device(r)
	return known && a.Is(d.UserID) && d.Generation == a.Generation
}

// deviceOf is a request's device in words.
func deviceOf(r *http.Request) string { return account.DeviceOf(r.UserAgent()) }

// prove checks that a password is that of a, the account of email or the zero account. It returns Refused when it is not.
func (s *server) prove(w http.ResponseWriter, r *http.Request, email user.Email, a account.Account, password string) error {
	try, err := s.mayTry(w, r, email, a)
	if err != nil {
		return err
	}
	done, err := s.signIns.take(r.Context(), networkOf(r))
	if err != nil {
		return err
	}
	ok, err := matches(password, a.Password)
	done()
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Refused, "Invalid credentials").Named(fault.InvalidCredentials)
	}
	return s.succeeded(w, r, try)
}

// signOut ends the session in this browser.
func (s *server) signOut(w http.ResponseWriter, _ *http.Request) error {
	s.issuer.Close(w)
	return api.Write(w, http.StatusOK, struct{}{})
}

// currentUser says who is signed in, null for nobody.
func (s *server) currentUser(w http.ResponseWriter, r *http.Request) error {
	u, err := s.verifier.User(r)
	if err != nil {
		return api.Write(w, http.StatusOK, map[string]any{"currentUser": nil})
	}
	return api.Write(w, http.StatusOK, map[string]any{"currentUser": map[string]any{
		"id": u.ID, "email": u.Email, "verified": u.Verified, "operator": u.Operator, "iat": u.IssuedAt,
	}})
}
