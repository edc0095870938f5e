package main

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"marketplace/shared/fault"
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
	r.Header.Set(idempotencyKey, f.Get("key"))
	var t ticket
	if _, err := s.ask(r, http.MethodPost, "/api/tickets", s.typedOffer(f), &t); err != nil {
		return s.again(w, r, "sell", view{Title: "Sell a ticket", Form: form{Typed: f}}, err)
	}
	http.Redirect(w, r, "/tickets/"+t.ID+"?done=listed", http.StatusSeeOther)
	return nil
}

func (s *site) typedOffer(f url.Values) map[string]string {
	return map[string]string{"title": f.Get("title"), "price": typedPrice(f.Get("price"), s.currency)}
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
	http.Redirect(w, r, path+"?done=edited", http.StatusSeeOther)
	return nil
}

// selling lists the visitor's tickets, sold and held too.
func (s *site) selling(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data shelf
	header, err := s.ask(r, http.MethodGet, "/api/tickets/mine?"+listing(r, ""), nil, &data.Tickets)
	if err != nil {
		return err
	}
	data.First, data.Next = !r.URL.Query().Has("cursor"), nextPage(r, nextCursor(header))
	return s.show(w, r, http.StatusOK, "selling", view{Title: "My tickets", Data: data})
}
