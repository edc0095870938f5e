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

// sell lists a ticket, and attaches to it what gets one in, if that came with the form. A ticket is listed whatever becomes of that.
func (s *site) sell(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	f, file, err := sent(w, r)
	if err != nil {
		return err
	}
	r.Header.Set(service.IdempotencyKey, f.Get("key"))
	var t ticket
	offer, err := s.typedOffer(f)
	if err == nil {
		_, err = s.ask(r, http.MethodPost, "/api/tickets", offer, &t)
	}
	for fault.CodeOf(err) == fault.KeyInProgress && clock.Wait(r.Context(), 100*time.Millisecond) { // the first of two clicks is at work
		_, err = s.ask(r, http.MethodPost, "/api/tickets", offer, &t)
	}
	if fault.CodeOf(err) == fault.KeyReused { // back by the browser's button, changed, and sent again
		f.Set("key", rand.Text())
		err = fault.New(fault.Refused, "You have listed a ticket with this form already. Send it once more to list another")
	}
	if err != nil {
		if len(file) > 0 {
			f.Set("file", "chosen") // no browser chooses one again by itself
		}
		return s.again(w, r, "sell", view{Title: "Sell a ticket", Form: form{Typed: f}}, inForm(err))
	}
	path := "/tickets/" + t.ID
	if nothing(f, file) {
		return s.lead(w, r, path, "listed")
	}
	r.Header.Del(service.IdempotencyKey)
	if err := s.attachTo(r, t.ID, f, file); err != nil {
		if !mendable(err) {
			s.log.Error("what came with a new ticket is not attached", "ticket", t.ID, "error", err)
			err = fault.New(fault.Refused, "That was our fault. Try it once more")
		}
		return s.leadTo(w, r, path+"/content", "bare", err)
	}
	return s.lead(w, r, path, "enclosed")
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
	v.Form = form{Typed: s.formOf(o.Ticket)}
	return s.show(w, r, http.StatusOK, "edit", v)
}

// edit changes what is offered. What was withdrawn stays so.
func (s *site) edit(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	path := "/tickets/" + url.PathEscape(r.PathValue("id"))
	offer, err := s.typedOffer(f)
	if err == nil {
		_, err = s.ask(r, http.MethodPut, "/api"+path, offer, nil)
	}
	if err != nil {
		v, gone := s.offer(r)
		if gone != nil {
			return gone
		}
		v.Title, v.Form = "Edit: "+v.Title, form{Typed: f}
		return s.again(w, r, "edit", v, inForm(err))
	}
	if f.Get("withdrawn") != "" {
		return s.lead(w, r, path, "kept")
	}
	return s.lead(w, r, path, "edited")
}

// selling lists the visitor's tickets, sold and held too.
func (s *site) selling(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data struct {
		Tickets []ticket
		Pages   pages
	}
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
