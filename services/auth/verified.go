package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/dapr"
	"marketplace/shared/session"
)

// operators are the addresses of those who run the marketplace. Whoever signs up first has an address, so it makes nobody an
// operator before it is verified, by who knows the password: a stranger may have signed up with it, and its owner opened the link.
type operators []user.Email

// Decode implements envconfig.Decoder: addresses with commas between them.
func (o *operators) Decode(setting string) error {
	for one := range strings.SplitSeq(setting, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		email, ok := user.ParseEmail(one)
		if !ok {
			return fmt.Errorf("%q is no e-mail address", one)
		}
		*o = append(*o, email)
	}
	return nil
}

// userOf is what an account's sessions say of its owner.
func (s *server) userOf(a account.Account) session.User {
	return session.User{ID: a.ID, Email: string(a.Email), Verified: a.Verified(), Operator: a.Verified() && a.Sure && slices.Contains(s.operators, a.Email)}
}

// vouch has an operator say that an address is its owner's: for who runs a marketplace without mail. Sessions that are open
// say what they said.
func (s *server) vouch(ctx context.Context, email user.Email) error {
	a, err := s.at(ctx, email)
	if err != nil {
		return err
	}
	if err := s.makeFindable(ctx, a); err != nil {
		return err
	}
	_, err = s.accounts.Update(ctx, dapr.ByLater, accountKey(email), func(a *account.Account) error { return a.Vouch(s.now()) })
	return err
}
