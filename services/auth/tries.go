package main

import (
	"net/http"
	"strconv"
	"time"

	"marketplace/services/auth/account"
	"marketplace/services/auth/tries"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// How often in a window. Many people share one network.
const (
	mostOfNetwork = 200 // failed sign-ins
	mostOfChanges = 5   // of one account's password, and deletions of accounts of one address: each is a letter
	mostOfAccount = 10  // failed sign-ins to one account: by all strangers together, and by each device that has been in it
)

// try is a sign-in of which the password has not been looked at yet.
type try struct {
	network string // "" for a device that we know: it has a count of its own, whatever strangers do around it
	who     string
}

// mayTry counts a try before the password is looked at, so that many at once gain nothing. The network comes first: who
// has had his share there does not use up that of an account. It returns TooMany when network, account or device has.
func (s *server) mayTry(w http.ResponseWriter, r *http.Request, email user.Email, a account.Account) (try, error) {
	const why = "Too many failed attempts"
	if d, _ := s.verifier.Device(r); s.knows(r, a) {
		t := try{who: "device." + d.ID}
		return t, s.count(w, r, t.who, mostOfAccount, why)
	}
	t := try{network: networkOf(r), who: "account." + accountKey(email)}
	if err := s.count(w, r, t.network, mostOfNetwork, why); err != nil {
		return try{}, err
	}
	return t, s.count(w, r, t.who, mostOfAccount, why)
}

// succeeded takes the try back. The network's earlier failures stay: they were others' accounts.
func (s *server) succeeded(w http.ResponseWriter, r *http.Request, t try) error {
	w.Header().Del("RateLimit-Remaining") // that was before
	of, err := s.tries.Upsert(r.Context(), t.who, func(t *tries.Tries) error {
		*t = tries.Tries{}
		return nil
	})
	if err != nil {
		return err
	}
	setLimit(w, of, mostOfAccount, s.now())
	if t.network == "" {
		return nil
	}
	if of, err = s.tries.Upsert(r.Context(), t.network, func(t *tries.Tries) error {
		t.GiveBack()
		return nil
	}); err != nil {
		return err
	}
	setLimit(w, of, mostOfNetwork, s.now())
	return nil
}

// count counts one more of who, or returns TooMany, and says in the answer how many are left.
func (s *server) count(w http.ResponseWriter, r *http.Request, who string, most int, why string) error {
	now := s.now()
	var of tries.Tries
	_, err := s.tries.Upsert(r.Context(), who, func(t *tries.Tries) error {
		err := t.Take(most, now, why)
		of = *t
		return err
	})
	if err == nil || fault.KindOf(err) == fault.TooMany {
		setLimit(w, of, most, now)
	}
	return err
}

// setLimit says how many tries there are, how many are left, and in how many seconds all are there again. Of several
// counts it is the one with the fewest left.
func setLimit(w http.ResponseWriter, of tries.Tries, most int, now time.Time) {
	left, reset := of.Left(most, now)
	if told, err := strconv.Atoi(w.Header().Get("RateLimit-Remaining")); err == nil && told < left {
		return
	}
	w.Header().Set("RateLimit-Limit", strconv.Itoa(most))
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(left))
	w.Header().Set("RateLimit-Reset", strconv.Itoa(int((reset+time.Second-1)/time.Second)))
}

func networkOf(r *http.Request) string {
	return "address." + api.Network(r.Header.Values("X-Forwarded-For"))
}
