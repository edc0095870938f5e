package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/service"
)

// sellForm is an empty form. Its key makes sure that sending it twice lists one ticket.
func (s *site) sellForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	v := view{Title: "Sell a ticket", Form: form{Typed: url.Values{"key": {rand.Text()}}}}
	return s.show(w, r, http.StatusOK, "sell", v)
}

// sell lists a ticket.
func (s *site) sell(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	r.Header.Set(service.IdempotencyKey, f.Get("key"))
	var t ticket
	_, err = s.ask(r, http.MethodPost, "/api/tickets", s.typedOffer(f), &t)
	for fault.CodeOf(err) == fault.KeyInProgress && clock.Wait(r.Context(), 100*time.Millisecond) { // the first of two clicks is at work
		_, err = s.ask(r, http.MethodPost, "/api/tickets", s.typedOffer(f), &t)
	}
	if fault.CodeOf(err) == fault.KeyReused { // back by the browser's button, changed, and sent again
		f.Set("key", rand.Text())
		err = fault.New(fault.Refused, "You have listed a ticket with this form already. Send it once more to list another")
	}
	if err != nil {
		return s.again(w, r, "sell", view{Title: "Sell a ticket", Form: form{Typed: f}}, err)
	}
	return s.lead(w, r, "/tickets/"+t.ID, "listed")
}

func (s *site) typedOffer(f url.Values) map[string]string {
	return map[string]string{"title": f.Get("title"), "price": typedPrice(f.Get("price"), f.Get("decimal"), s.currency)}
}

// editForm is a form with the ticket as it is. A ticket that cannot be edited now is shown instead.
func (s *site) editForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	v, err := s.offer(r)
	if err != nil {
		return err
	}
	o := v.Data.(offer)
	if !o.Mine {
		return fault.NotOwner()
	}
	if o.Ticket.OrderID != "" {
		http.Redirect(w, r, "/tickets/"+o.Ticket.ID, http.StatusSeeOther)
		return nil
	}
	v.Title = "Edit: " + v.Title
	v.Form = form{Typed: url.Values{"title": {o.Ticket.Title}, "price": {s.currency.Plain(o.Ticket.Price)}}}
	return s.show(w, r, http.StatusOK, "edit", v)
}

// edit changes title and price.
func (s *site) edit(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	path := "/tickets/" + url.PathEscape(r.PathValue("id"))
	if _, err := s.ask(r, http.MethodPut, "/api"+path, s.typedOffer(f), nil); err != nil {
		v, gone := s.offer(r)
		if gone != nil {
			return gone
		}
		v.Title, v.Form = "Edit: "+v.Title, form{Typed: f}
		return s.again(w, r, "edit", v, err)
	}
	return s.lead(w, r, path, "edited")
}

// selling lists the visitor's tickets, sold and held too.
func (s *site) selling(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data shelf
	header, err := s.ask(r, http.MethodGet, "/api/tickets/mine?"+atCursor(r, url.Values{}), nil, &data.Tickets)
	if isBadPage(r, err) {
		return fromTheStart(w, r)
	}
	if err != nil {
		return err
	}
	data.Pages = pagesOf(r, header)
	return s.show(w, r, http.StatusOK, "selling", view{Title: "My tickets", Data: data})
}
