package main

import (
	"net/http"
	"net/url"
	"path"

	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// buy holds a ticket for the visitor, at the price he has seen, and brings him to the checkout. A second click finds what
// the first has done.
func (s *site) buy(w http.ResponseWriter, r *http.Request) error {
	offer := "/tickets/" + url.PathEscape(r.PathValue("id"))
	if s.user(r) == nil {
		return signInFor(w, r, offer)
	}
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	in := map[string]string{"ticketId": r.PathValue("id")}
	if seen := f.Get("price"); seen != "" {
		in["expectedPrice"] = seen
	}
	var o order
	_, err = s.ask(r, http.MethodPost, "/api/orders", in, &o)
	if fault.CodeOf(err) == fault.PriceChanged {
		err = s.priceChanged(r, offer, err)
	}
	if err != nil {
		return s.leadBack(w, r, offer, err)
	}
	trace.About(r.Context(), trace.Order(o.ID))
	s.keepTrace(w, r, "/orders/"+o.ID)
	http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
	return nil
}

// priceChanged says what the ticket costs by now. The page that says it asks for no other price than it shows.
func (s *site) priceChanged(r *http.Request, offer string, refusal error) error {
	var now ticket
	if _, err := s.ask(r, http.MethodGet, "/api"+offer, nil, &now); err != nil {
		return refusal
	}
	return fault.New(fault.Refused, "The seller has changed the price since you looked: it is %s now. Nothing was reserved. Buy it if you want it at that price.",
		s.currency.Print(now.Price))
}

// signInFor sends a visitor to sign in, and then to next.
func signInFor(w http.ResponseWriter, r *http.Request, next string) error {
	http.Redirect(w, r, "/signin?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
	return nil
}

// cancel gives a ticket back.
func (s *site) cancel(w http.ResponseWriter, r *http.Request) error {
	order := "/orders/" + url.PathEscape(r.PathValue("id"))
	if _, err := s.ask(r, http.MethodDelete, "/api"+order, nil, nil); err != nil {
		return s.leadBack(w, r, order, err)
	}
	http.Redirect(w, r, order, http.StatusSeeOther)
	return nil
}

// up leads from a form's own address, which shows nothing, to the page that the form stands on.
func (s *site) up(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, path.Dir(r.URL.Path), http.StatusSeeOther)
	return nil
}
