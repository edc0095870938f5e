package main

import (
	"context"
	"net/http"
	"time"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// farewell is where the letter goes that says that an account was deleted. It is kept for a day, apart from the account: nothing
// else is sent there, and then nobody knows the address.
type farewell struct {
	Email    user.Email `json:"email"`
	Verified bool       `json:"verified,omitempty"`
}

const farewellKept = 24 * time.Hour

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
	if err := s.count(w, r, "deletions.account."+accountKey(a.Email), mostOfChanges, "Too many accounts of this address were deleted"); err != nil {
		return err
	}
	if err := s.makeFindable(r.Context(), a); err != nil {
		return err
	}
	leaves := farewell{a.Email, a.Verified()}
	if _, err := s.farewells.Upsert(r.Context(), a.ID, func(f *farewell) error { *f = leaves; return nil }); err != nil {
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

// nothingUnderWay returns Refused while others count on an account: a ticket that it holds or pays for, or one that it has sold and
// not handed over.
func (s *server) nothingUnderWay(ctx context.Context, id string) error {
	var said struct {
		Busy bool `json:"busy"`
	}
	if err := s.others.Invoke(ctx, "orders", http.MethodGet, "/internal/buyers/"+id, nil, &said); err != nil {
		return err
	}
	if said.Busy {
		return fault.New(fault.Refused, "You hold a ticket. Pay for it or give it back first").Named(fault.AccountBusy)
	}
	if err := s.others.Invoke(ctx, "handover", http.MethodGet, "/internal/sellers/"+id, nil, &said); err != nil {
		return err
	}
	if said.Busy {
		return fault.New(fault.Refused, "Somebody waits for a ticket that you have sold. Hand it over first, and if it was reported, wait for the decision").Named(fault.AccountBusy)
	}
	return nil
}
