package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"marketplace/services/auth/user"
	"marketplace/shared/session"
)

// operators are the addresses of those who run the marketplace. Whoever signs up first has an address, so it makes nobody an
// operator before it is verified.
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
func (s *server) userOf(a account) session.User {
	verified := !a.VerifiedAt.IsZero()
	return session.User{ID: a.ID, Email: string(a.Email), Verified: verified, Operator: verified && slices.Contains(s.operators, a.Email)}
}

// vouch has an operator say that an address is its owner's: for who runs a marketplace without mail. Sessions that are open
// say what they said.
func (s *server) vouch(ctx context.Context, email user.Email) error {
	_, err := s.accounts.Update(ctx, accountKey(email), func(a *account) error {
		if a.VerifiedAt.IsZero() {
			a.VerifiedAt = s.now()
		}
		return nil
	})
	return err
}
