package main

import (
	"context"
	"net/http"
	"time"

	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// endings are the accounts whose earlier sessions are over, in one document. It holds those of a day, so it is for
// hundreds of accounts, not for all.
type endings struct {
	Users map[string]ending `json:"users"` // by user id
}

type ending struct {
	Generation int       `json:"generation"` // sessions of a lower one are over
	Until      time.Time `json:"until"`      // by then they have expired
}

const allEndings = "all"

// endingKept is how long an ended session must be refused: for its lifetime, and as far as clocks may be apart.
const endingKept = session.Lifetime + time.Hour

// note adds an account, and forgets those whose sessions have expired.
func (e *endings) note(userID string, generation int, now time.Time) {
	kept := map[string]ending{}
	for id, one := range e.Users {
		if now.Before(one.Until) {
			kept[id] = one
		}
	}
	kept[userID] = ending{Generation: max(generation, kept[userID].Generation), Until: now.Add(endingKept)}
	e.Users = kept
}

// endSessions ends every session that an account has now, on every device, and makes strangers of the devices. Whoever
// knows the password can sign in again. It returns NotFound when there is no such account. After an error it must be
// repeated: the new generation may have begun without anybody being told.
func (s *server) endSessions(ctx context.Context, email user.Email) error {
	a, err := s.accounts.Update(ctx, accountKey(email), func(a *account) error {
		a.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.endings.Upsert(ctx, allEndings, func(e *endings) error {
		e.note(a.ID, a.Generation, s.now())
		return nil
	})
	return err
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
	e, err := s.endings.Get(ctx, allEndings)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	ended := session.Ended{}
	for id, one := range e.Users {
		ended[id] = one.Generation
	}
	return ended, nil
}
