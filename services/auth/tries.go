package main

import (
	"net/http"
	"strings"
	"time"

	"marketplace/shared/fault"
)

// tries counts sign-ins that have not succeeded, per account and per network address.
type tries struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
}

const (
	triesWindow       = 15 * time.Minute
	mostAccountTries  = 10
	mostAddressTries  = 200 // many people share one address
	forwardedForField = "X-Forwarded-For"
)

// mayTry counts a try before the password is looked at, so that many at once gain nothing. It returns TooMany when the
// account or the address has had its share.
func (s *server) mayTry(r *http.Request, account string) error {
	if err := s.countTry(r, "account."+account, mostAccountTries); err != nil {
		return err
	}
	if address := clientAddress(r); address != "" {
		return s.countTry(r, "address."+address, mostAddressTries)
	}
	return nil
}

func (s *server) countTry(r *http.Request, who string, most int) error {
	now := s.now()
	_, err := s.tries.Upsert(r.Context(), who, func(t *tries) error {
		if now.Sub(t.Since) > triesWindow {
			*t = tries{Since: now}
		}
		if t.Count >= most {
			e := fault.New(fault.TooMany, "Too many failed attempts, please wait a while")
			e.RetryAfter = t.Since.Add(triesWindow).Sub(now)
			return e
		}
		t.Count++
		return nil
	})
	return err
}

// succeeded takes the try back. The address's earlier failures stay: they were others' accounts.
func (s *server) succeeded(r *http.Request, account string) error {
	_, err := s.tries.Upsert(r.Context(), "account."+account, func(t *tries) error {
		*t = tries{}
		return nil
	})
	if address := clientAddress(r); err == nil && address != "" {
		_, err = s.tries.Upsert(r.Context(), "address."+address, func(t *tries) error {
			t.Count = max(0, t.Count-1)
			return nil
		})
	}
	return err
}

// clientAddress is the browser's address as web saw it.
func clientAddress(r *http.Request) string {
	last := r.Header.Get(forwardedForField)
	if i := strings.LastIndexByte(last, ','); i >= 0 {
		last = last[i+1:]
	}
	return strings.TrimSpace(last)
}
