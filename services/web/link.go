package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/fault"
)

// Pages that a mailed link opens. The link alone does nothing: programs that look at mail follow links too. What it opens is
// asked for by a form, and its token goes nowhere else: not into other links, nor to where the visitor goes next.

// linked shows such a page.
func (s *site) linked(w http.ResponseWriter, r *http.Request, status int, name, title, token string, wrong []fault.Field) error {
	w.Header().Set("Referrer-Policy", "strict-origin") // and not no-referrer: then a form says nothing of where it comes from
	return s.show(w, r, status, name, view{Title: title, Here: "/", Form: form{Typed: url.Values{"token": {token}}, Wrong: wrong}})
}

// refused shows it again with what was wrong. A link that is over leaves nothing to send.
func (s *site) refused(w http.ResponseWriter, r *http.Request, name, title, token string, err error) error {
	if !mendable(err) {
		return err
	}
	if fault.CodeOf(err) == fault.LinkOver {
		token = ""
	}
	words, _ := fault.Public(err)
	return s.linked(w, r, fault.Status(err), name, title, token, words)
}

const (
	resetTitle  = "Choose a new password"
	verifyTitle = "Is this your address?"
)

func (s *site) resetForm(w http.ResponseWriter, r *http.Request) error {
	return s.linked(w, r, http.StatusOK, "reset", resetTitle, r.URL.Query().Get("token"), nil)
}

// reset sets a new password, with which the visitor then signs in.
func (s *site) reset(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodPost, "/api/users/reset", map[string]string{"token": f.Get("token"), "password": f.Get("password")}, nil)
	if err != nil {
		return s.refused(w, r, "reset", resetTitle, f.Get("token"), err)
	}
	passCookie(w, header)
	return s.lead(w, r, "/signin", "reset")
}

func (s *site) verifyForm(w http.ResponseWriter, r *http.Request) error {
	return s.linked(w, r, http.StatusOK, "verify", verifyTitle, r.URL.Query().Get("token"), nil)
}

// verify takes the address for the visitor's.
func (s *site) verify(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodPost, "/api/users/verify", map[string]string{"token": f.Get("token")}, nil)
	if err != nil {
		return s.refused(w, r, "verify", verifyTitle, f.Get("token"), err)
	}
	passCookie(w, header)
	return s.lead(w, r, "/", "verified")
}
