package main

import (
	"context"
	"net/http"

	"marketplace/services/auth/account"
	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/trace"
)

const (
	mostLettersOfAccount = 3 // in a window
	whyNoLetter          = "Too many letters were asked for"
	lettersAtOnce        = 16
)

// forgot has a link mailed by which a new password can be chosen. Whether there is such an account is not to be learned here:
// known or not, the address is counted and answered alike, and what there is to do is done after the answer. Whoever gets no
// letter asks again.
func (s *server) forgot(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	email, ok := user.ParseEmail(in.Email)
	if !ok {
		return fault.InField("email", "Email must be valid")
	}
	if err := s.mayWrite(w, r, email); err != nil {
		return err
	}
	select {
	case s.letters <- struct{}{}:
	default:
		return busy("letters")
	}
	ctx := trace.From(context.Background(), trace.Parent(r.Context()))
	s.background.Go(func() {
		defer func() { <-s.letters }()
		ctx, cancel := context.WithTimeout(ctx, service.Quick)
		defer cancel()
		if err := s.forget(ctx, email); err != nil && fault.KindOf(err) != fault.NotFound {
			s.log.Warn("a letter was not asked for", "error", err)
		}
	})
	return api.Write(w, http.StatusAccepted, struct{}{})
}

// mayWrite counts a letter to an address. It returns TooMany for too many, and Unavailable while none can be sent: that is so
// for every address.
func (s *server) mayWrite(w http.ResponseWriter, r *http.Request, email user.Email) error {
	if err := s.broker(r.Context()); err != nil {
		return fault.Down(err, "We cannot send mail just now. Please try again in a moment")
	}
	if err := s.count(w, r, "letters."+networkOf(r), s.mostLetters, whyNoLetter+" from your network"); err != nil {
		return err
	}
	return s.count(w, r, "letters.account."+accountKey(email), mostLettersOfAccount, whyNoLetter)
}

func (s *server) forget(ctx context.Context, email user.Email) error {
	a, err := s.at(ctx, email)
	if err != nil {
		return err
	}
	if err := s.makeFindable(ctx, a); err != nil {
		return err
	}
	_, err = s.accounts.Update(ctx, dapr.ByNudge, accountKey(email), func(now *account.Account) error {
		if !now.Is(a.ID) {
			return fault.NoSuchThing()
		}
		now.Findable = true
		now.Forget(s.now())
		return nil
	})
	return err
}
