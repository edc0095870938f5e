package main

import (
	"context"
	"net/http"

	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// maySell returns Restricted for who has not shown that his address is his, where sellers have to: a buyer's money must not
// depend on somebody whom no letter reaches. A session says what was so when it began, so auth is asked before anybody is
// refused.
func (s *server) maySell(ctx context.Context, seller session.User) error {
	if !s.verified || seller.Verified {
		return nil
	}
	var now struct {
		Verified bool `json:"verified"`
	}
	if err := s.services.Invoke(ctx, "auth", http.MethodGet, "/internal/verified/"+seller.ID, nil, &now); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if !now.Verified {
		return fault.New(fault.Restricted, "Verify your e-mail address first: open the link that we have sent you").Named(fault.AddressUnverified)
	}
	return nil
}
