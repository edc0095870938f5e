package main

import (
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// verify takes an address for its owner's by a link that was mailed. A second time changes nothing. A browser that is signed in
// to the account gets a session that says so.
func (s *server) verify(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	a, key, version, err := s.linked(r.Context(), account.Verify, in.Token)
	if err != nil {
		return err
	}
	id := a.ID
	u, _ := s.verifier.User(r) // nobody, if there is an error
	inside := func(a account.Account) bool { return a.Is(u.ID) && u.Generation == a.Generation }
	a, err = s.accounts.Update(r.Context(), dapr.ByNudge, key, func(a *account.Account) error {
		if !a.Is(id) {
			return account.LinkOver()
		}
		return a.Confirm(version, inside(*a), s.now())
	})
	if err != nil {
		return err
	}
	if inside(a) {
		if _, err := s.open(w, a); err != nil {
			return err
		}
	}
	return api.Write(w, http.StatusOK, struct{}{})
}

// askVerification has the link that verifies sent once more to who is signed in.
func (s *server) askVerification(w http.ResponseWriter, r *http.Request) error {
	a, err := s.signedIn(r)
	if err != nil {
		return err
	}
	if err := readNothing(w, r); err != nil {
		return err
	}
	if a.Verified() {
		return a.AskVerify(s.now())
	}
	if err := s.mayWrite(w, r, a.Email); err != nil {
		return err
	}
	if err := s.makeFindable(r.Context(), a); err != nil {
		return err
	}
	id := a.ID
	_, err = s.accounts.Update(r.Context(), dapr.ByNudge, accountKey(a.Email), func(a *account.Account) error {
		if !a.Is(id) {
			return fault.NotSignedIn()
		}
		a.Findable = true
		return a.AskVerify(s.now())
	})
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusAccepted, struct{}{})
}
