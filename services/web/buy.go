package main

import (
	"net/http"
	"net/url"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// buy holds a ticket for the visitor and brings him to the checkout.
func (s *site) buy(w http.ResponseWriter, r *http.Request) error {
	if s.user(r) == nil {
		return signInFor(w, r, "/tickets/"+url.PathEscape(r.PathValue("id")))
	}
	var o events.Order
	_, err := s.ask(r, http.MethodPost, "/api/orders", map[string]string{"ticketId": r.PathValue("id")}, &o)
	if fault.KindOf(err) == fault.Refused {
		if o.ID = s.heldAlready(r); o.ID != "" {
			err = nil
		}
	}
	if err == nil {
		http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
		return nil
	}
	v, gone := s.offer(r)
	if gone != nil {
		return gone
	}
	return s.again(w, r, "ticket", v, err)
}

// heldAlready is the visitor's own order for the ticket: a second click finds what the first has done. Tickets hears of
// an order a moment after it is placed.
func (s *site) heldAlready(r *http.Request) string {
	for range 10 {
		v, err := s.offer(r)
		if err != nil {
			return ""
		}
		if o := v.Data.(offer); o.Order != "" || o.Ticket.OrderID != "" || o.Mine {
			return o.Order
		}
		if !clock.Wait(r.Context(), 100*time.Millisecond) {
			return ""
		}
	}
	return ""
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
