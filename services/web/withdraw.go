package main

import (
	"net/http"
	"net/url"
	"strings"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// withdraw takes the visitor's own ticket off the market.
func (s *site) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	_, err := s.ask(r, http.MethodDelete, "/api/tickets/"+url.PathEscape(r.PathValue("id")), nil, nil)
	return s.back(w, r, "withdrawn", err)
}

// offerAgain puts one that was withdrawn on the market as it was.
func (s *site) offerAgain(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	path := "/api/tickets/" + url.PathEscape(r.PathValue("id"))
	var t ticket
	if _, err := s.ask(r, http.MethodGet, path, nil, &t); err != nil {
		return err
	}
	_, err := s.ask(r, http.MethodPut, path, map[string]any{"title": t.Title, "price": t.Price}, nil)
	if err != nil && t.Withdrawn && past(t.Occasion, clock.At(s.now())) {
		err = fault.New(fault.Refused, "It has begun, so it cannot be offered any more. If the date was wrong, edit it")
	}
	return s.back(w, r, "again", err)
}

// back leads to where a ticket's button was pressed: the list of one's tickets, or the ticket itself.
func (s *site) back(w http.ResponseWriter, r *http.Request, what string, refusal error) error {
	to := "/tickets/" + url.PathEscape(r.PathValue("id"))
	if from := here(r); from == "/selling" || strings.HasPrefix(from, "/selling?") {
		to = from
	}
	if refusal != nil {
		return s.leadBack(w, r, to, refusal)
	}
	return s.lead(w, r, to, what)
}
