package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/fault"
)

// owner leads from a user's id to his account. It is written before the account: one that leads nowhere is nobody's.
type owner struct {
	Key string `json:"key"` // of the account, see accountKey
}

func accountKey(email user.Email) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}

// at returns the account of an address. It returns NotFound, and the zero account, when there is none.
func (s *server) at(ctx context.Context, email user.Email) (account.Account, error) {
	a, err := s.accounts.Get(ctx, accountKey(email))
	if err == nil && a.Gone() {
		err = fault.NoSuchThing()
	}
	if err != nil {
		return account.Account{}, err
	}
	return a, nil
}

// of returns the account of a user's id and its key. It returns NotFound when there is none any more.
func (s *server) of(ctx context.Context, id string) (account.Account, string, error) {
	o, err := s.owners.Get(ctx, id)
	if err != nil {
		return account.Account{}, "", err
	}
	a, err := s.accounts.Get(ctx, o.Key)
	if err == nil && !a.Is(id) {
		err = fault.NoSuchThing()
	}
	return a, o.Key, err
}

// makeFindable sees to it that an account from before that was asked for is found by its id.
func (s *server) makeFindable(ctx context.Context, a account.Account) error {
	if a.Findable {
		return nil
	}
	return s.owned(ctx, a.ID, a.Email)
}

func (s *server) owned(ctx context.Context, id string, email user.Email) error {
	_, err := s.owners.Upsert(ctx, id, func(o *owner) error {
		o.Key = accountKey(email)
		return nil
	})
	return err
}

// signedIn is the account of who asks. Here an ended session is over at once. It returns NotSignedIn when nobody is.
func (s *server) signedIn(r *http.Request) (account.Account, error) {
	u, err := s.verifier.User(r)
	if err != nil {
		return account.Account{}, err
	}
	a, err := s.accounts.Get(r.Context(), accountKey(user.Email(u.Email)))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return account.Account{}, err
	}
	if !a.Is(u.ID) || a.Generation != u.Generation {
		return account.Account{}, fault.NotSignedIn()
	}
	return a, nil
}
