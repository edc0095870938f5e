package main

import (
	"context"
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// deleteMe ends the account of who asks and knows its password. Its address is free again at once; what others need to know
// of their own orders and sales stays with its id, and no name. It is refused while somebody counts on the account.
func (s *server) deleteMe(w http.ResponseWriter, r *http.Request) error {
	a, err := s.signedIn(r)
	if err != nil {
		return err
	}
	var in struct {
		Password string `json:"password"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.Password == "" {
		return fault.InField("password", "You must supply your password")
	}
	if err := s.prove(w, r, a.Email, a, in.Password); err != nil {
		return inField("password", err)
	}
	if err := s.nothingUnderWay(r.Context(), a.ID); err != nil {
		return err
	}
	if err := s.makeFindable(r.Context(), a); err != nil {
		return err
	}
	proven := a.Password
	_, err = s.accounts.Update(r.Context(), dapr.ByNudge, accountKey(a.Email), func(a *account.Account) error {
		return a.Delete(proven, s.now())
	})
	if err != nil {
		return inField("password", err)
	}
	if err := s.end(r.Context(), a.ID, everyGeneration); err != nil {
		s.log.Warn("ended sessions wait for their nudge", "error", err)
	}
	s.issuer.Close(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// nothingUnderWay returns Refused while others count on an account: a ticket that it holds or pays for, or one of its own that
// somebody holds.
func (s *server) nothingUnderWay(ctx context.Context, id string) error {
	for _, ask := range []struct{ app, path, words string }{
		{"orders", "/internal/buyers/" + id, "You hold a ticket. Pay for it, or give it back, and then delete your account"},
		{"tickets", "/internal/sellers/" + id, "Somebody holds a ticket of yours. Delete your account when that has ended"},
	} {
		var said struct {
			Busy bool `json:"busy"`
		}
		if err := s.others.Invoke(ctx, ask.app, http.MethodGet, ask.path, nil, &said); err != nil {
			return err
		}
		if said.Busy {
			return fault.New(fault.Refused, "%s", ask.words).Named(fault.AccountBusy)
		}
	}
	return nil
}
