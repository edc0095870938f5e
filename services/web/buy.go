package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/trace"
)

// buy holds a ticket for the visitor and brings him to the checkout. A second click finds what the first has done.
func (s *site) buy(w http.ResponseWriter, r *http.Request) error {
	if s.user(r) == nil {
		return signInFor(w, r, "/tickets/"+url.PathEscape(r.PathValue("id")))
	}
	var o order
	if _, err := s.ask(r, http.MethodPost, "/api/orders", map[string]string{"ticketId": r.PathValue("id")}, &o); err != nil {
		v, gone := s.offer(r)
		if gone != nil {
			return gone
		}
		return s.again(w, r, "ticket", v, err)
	}
	trace.About(r.Context(), trace.Order(o.ID))
	s.keepTrace(w, r, "/orders/"+o.ID)
	http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
	return nil
}

// signInFor sends a visitor to sign in, and then to next.
func signInFor(w http.ResponseWriter, r *http.Request, next string) error {
	http.Redirect(w, r, "/signin?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
	return nil
}

// cancel gives a ticket back.
func (s *site) cancel(w http.ResponseWriter, r *http.Request) error {
	path := "/orders/" + url.PathEscape(r.PathValue("id"))
	if _, err := s.ask(r, http.MethodDelete, "/api"+path, nil, nil); err != nil {
		return s.orderAgain(w, r, err)
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}
