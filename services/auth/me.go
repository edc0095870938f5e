package main

import (
	"net/http"
	"slices"

	"marketplace/services/auth/account"
	"marketplace/shared/api"
	"marketplace/shared/clock"
)

// known is what an account's owner may look up.
type known struct {
	ID        string     `json:"id"`
	Email     string     `json:"email"`
	Verified  bool       `json:"verified"`
	CreatedAt clock.Time `json:"createdAt"`
	History   []happened `json:"history"` // newest first
}

type happened struct {
	At     clock.Time `json:"at"`
	What   string     `json:"what"`
	Device string     `json:"device,omitempty"`
}

// me tells its owner what is known of an account, as it is now.
func (s *server) me(w http.ResponseWriter, r *http.Request) error {
	a, err := s.signedIn(r)
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, knownOf(a))
}

func knownOf(a account.Account) known {
	k := known{ID: a.ID, Email: string(a.Email), Verified: a.Verified(), CreatedAt: clock.At(a.CreatedAt), History: []happened{}}
	for _, h := range slices.Backward(a.History) {
		k.History = append(k.History, happened{clock.At(h.At), h.What, h.Device})
	}
	return k
}
