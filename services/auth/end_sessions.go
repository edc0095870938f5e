package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"time"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// endings are the accounts whose earlier sessions are over, a share of them in each document: those of a day.
type endings struct {
	Users map[string]ending `json:"users"` // by user id
}

type ending struct {
	Generation int       `json:"generation"` // sessions of a lower one are over
	Until      time.Time `json:"until"`      // by then they have expired
}

// everyGeneration is higher than any: of a deleted account no session is good.
const everyGeneration = math.MaxInt32

// endingKept is how long an ended session must be refused: for its lifetime, and as far as clocks may be apart.
const endingKept = session.Lifetime + time.Hour

// note adds an account, and forgets those whose sessions have expired. What is known already changes nothing.
func (e *endings) note(userID string, generation int, now time.Time) {
	if e.Users[userID].Generation >= generation {
		return
	}
	kept := map[string]ending{}
	for id, one := range e.Users {
		if now.Before(one.Until) {
			kept[id] = one
		}
	}
	kept[userID] = ending{Generation: generation, Until: now.Add(endingKept)}
	e.Users = kept
}

// shares are the documents that endings are kept in, by a user id's first letter: who signs out everywhere waits for few others.
const shares = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// allEndings was the only one.
const allEndings = "all"

func shareOf(userID string) string { return string(shares[int(userID[0])%len(shares)]) }

// end has every service refuse a user's sessions of a lower generation.
func (s *server) end(ctx context.Context, userID string, generation int) error {
	_, err := s.endings.Upsert(ctx, shareOf(userID), func(e *endings) error {
		e.note(userID, generation, s.now())
		return nil
	})
	return err
}

// endAsSaid is end by what the account itself says. One that is gone by now has no sessions either.
func (s *server) endAsSaid(ctx context.Context, userID string) error {
	a, _, err := s.of(ctx, userID)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, userID, a.Generation)
}

// endSessions ends every session that an account has now, on every device, and makes strangers of the devices. Whoever
// knows the password can sign in again. It returns NotFound when there is no such account. After an error it must be
// repeated: the new generation may have begun without anybody being told.
func (s *server) endSessions(ctx context.Context, email user.Email, device string) error {
	a, err := s.accounts.Update(ctx, dapr.ByLater, accountKey(email), func(a *account.Account) error {
		if a.Gone() {
			return fault.NoSuchThing()
		}
		a.SignOutEverywhere(device, s.now())
		return nil
	})
	if err != nil {
		return err
	}
	return s.end(ctx, a.ID, a.Generation)
}

// signOutEverywhere ends the sessions of who asks, this one too.
func (s *server) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	u, err := s.verifier.User(r) // not signedIn: an earlier try may have got half way
	if err != nil {
		return err
	}
	if err := readNothing(w, r); err != nil {
		return err
	}
	a, err := s.at(r.Context(), user.Email(u.Email))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if !a.Is(u.ID) || u.Generation > a.Generation {
		return fault.NotSignedIn()
	}
	if u.Generation == a.Generation {
		err = s.endSessions(r.Context(), a.Email, deviceOf(r))
	} else {
		err = s.end(r.Context(), a.ID, a.Generation)
	}
	if err != nil {
		return err
	}
	s.issuer.Close(w)
	return api.Write(w, http.StatusOK, struct{}{})
}

// readNothing reads the body of who has nothing to say: none, or an empty object.
func readNothing(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r) // a sidecar does not say how long an empty one is
	if err != nil || len(body) == 0 {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return api.Read(w, r, &struct{}{})
}

// endedSessions tells the other services which sessions they must refuse.
func (s *server) endedSessions(w http.ResponseWriter, r *http.Request) error {
	ended, err := s.ended(r.Context())
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, ended)
}

func (s *server) ended(ctx context.Context) (session.Ended, error) {
	ids := []string{allEndings}
	for _, letter := range shares {
		ids = append(ids, string(letter))
	}
	all, err := s.endings.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	ended := session.Ended{}
	for _, e := range all {
		for id, one := range e.Users {
			ended[id] = max(one.Generation, ended[id])
		}
	}
	return ended, nil
}
