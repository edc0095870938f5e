package main

import (
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// reset sets a new password by a link that was mailed, once. Every session ends, on every device. It signs nobody in: whoever
// has the link may not be who types, and whoever has just chosen a password can type it. But this device is known from now on:
// strangers who guess at the account without end do not keep its owner out.
func (s *server) reset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if !user.MayBePassword(in.Password) {
		return fault.InField("password", user.PasswordRule)
	}
	a, key, version, err := s.linked(r.Context(), account.Reset, in.Token)
	if err != nil {
		return err
	}
	if _, open := a.Open(account.Reset, version, s.now()); !open {
		return account.LinkOver() // without a hash
	}
	hashed, err := s.hashed(r, in.Password)
	if err != nil {
		return err
	}
	id := a.ID
	a, err = s.accounts.Update(r.Context(), dapr.ByNudge, key, func(a *account.Account) error {
		if !a.Is(id) {
			return account.LinkOver()
		}
		return a.Choose(version, hashed, s.now())
	})
	if err != nil {
		return err
	}
	if err := s.end(r.Context(), a.ID, a.Generation); err != nil {
		s.log.Warn("ended sessions wait for their nudge", "error", err)
	}
	s.issuer.Close(w)
	if err := s.issuer.Remember(w, a.ID, a.Generation); err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, struct{}{})
}

// hashed is a password's hash, in turn.
func (s *server) hashed(r *http.Request, password string) (string, error) {
	done, err := s.signUps.take(r.Context(), networkOf(r))
	if err != nil {
		return "", err
	}
	defer done()
	return hash(password), nil
}

// changePassword sets a new password for who knows the one before. Every other session ends; this browser gets a new one.
func (s *server) changePassword(w http.ResponseWriter, r *http.Request) error {
	a, err := s.signedIn(r)
	if err != nil {
		return err
	}
	var in struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	var wrong fault.Fields
	wrong.Check(in.Current != "", "current", "You must supply your current password")
	wrong.Check(user.MayBePassword(in.Password), "password", user.PasswordRule)
	if err := wrong.Err(); err != nil {
		return err
	}
	if err := s.prove(w, r, a.Email, a, in.Current); err != nil {
		return inField("current", err)
	}
	if err := s.count(w, r, "changes.account."+accountKey(a.Email), mostOfChanges, "Too many changes of your password"); err != nil {
		return err
	}
	if err := s.makeFindable(r.Context(), a); err != nil {
		return err
	}
	hashed, err := s.hashed(r, in.Password)
	if err != nil {
		return err
	}
	proven := a.Password
	a, err = s.accounts.Update(r.Context(), dapr.ByNudge, accountKey(a.Email), func(a *account.Account) error {
		return a.ChangePassword(proven, hashed, deviceOf(r), s.now())
	})
	if err != nil {
		return inField("current", err)
	}
	if err := s.end(r.Context(), a.ID, a.Generation); err != nil {
		s.log.Warn("ended sessions wait for their nudge", "error", err)
	}
	return s.enter(w, a, http.StatusOK)
}

// inField blames a field for a password that is not the account's.
func inField(field string, err error) error {
	if fault.CodeOf(err) != fault.InvalidCredentials {
		return err
	}
	return &fault.Error{Kind: fault.Refused, Fields: []fault.Field{{Message: "That is not your password", Field: field, Code: fault.InvalidCredentials}}}
}
