package main

import (
	"context"
	"net/http"

	"marketplace/services/auth/tries"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
)

// How often in a window. Many people share one network.
const (
	mostOfNetwork = 200 // failed sign-ins
	mostOfAccount = 10  // failed sign-ins to one account: by all strangers together, and by each device that has been in it
)

// try is a sign-in of which the password has not been looked at yet.
type try struct {
	network string // "" for a device that we know: it has a count of its own, whatever strangers do around it
	who     string
}

// mayTry counts a try before the password is looked at, so that many at once gain nothing. The network comes first: who
// has had his share there does not use up that of an account. It returns TooMany when network, account or device has.
func (s *server) mayTry(r *http.Request, email user.Email, a account) (try, error) {
	const why = "Too many failed attempts"
	if d, known := s.verifier.Device(r); known && d.UserID == a.ID && d.Generation == a.Generation {
		t := try{who: "device." + d.ID}
		return t, s.count(r.Context(), t.who, mostOfAccount, why)
	}
	t := try{network: networkOf(r), who: "account." + accountKey(email)}
	if err := s.count(r.Context(), t.network, mostOfNetwork, why); err != nil {
		return try{}, err
	}
	return t, s.count(r.Context(), t.who, mostOfAccount, why)
}

// succeeded takes the try back. The network's earlier failures stay: they were others' accounts.
func (s *server) succeeded(ctx context.Context, t try) error {
	_, err := s.tries.Upsert(ctx, t.who, func(t *tries.Tries) error {
		*t = tries.Tries{}
		return nil
	})
	if err == nil && t.network != "" {
		_, err = s.tries.Upsert(ctx, t.network, func(t *tries.Tries) error {
			t.GiveBack()
			return nil
		})
	}
	return err
}

// count counts one more of who, or returns TooMany.
func (s *server) count(ctx context.Context, who string, most int, why string) error {
	now := s.now()
	_, err := s.tries.Upsert(ctx, who, func(t *tries.Tries) error { return t.Take(most, now, why) })
	return err
}

func networkOf(r *http.Request) string {
	return "address." + api.Network(r.Header.Values("X-Forwarded-For"))
}
