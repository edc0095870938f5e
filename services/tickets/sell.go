package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/occasion"
	"marketplace/shared/service"
	"marketplace/shared/trace"
)

// offer is what a seller sends, for a new ticket and for an edit.
type offer struct {
	Title string          `json:"title"`
	Price json.RawMessage `json:"price"`
	occasion.Asked
}

// readOffer reads the offer of a new ticket. Its error names every field that is wrong.
func (s *server) readOffer(w http.ResponseWriter, r *http.Request) (ticket.Offer, error) {
	var in offer
	if err := api.Read(w, r, &in); err != nil {
		return ticket.Offer{}, err
	}
	asked, err := s.check(in, occasion.Occasion{})
	if err != nil {
		return asked, err
	}
	return asked, s.bound.Check(asked, s.currency).Err()
}

// check is an offer for a ticket that was good for an occasion until now. Its error names every field that is wrong.
func (s *server) check(in offer, was occasion.Occasion) (ticket.Offer, error) {
	var wrong fault.Fields
	title, complaint := ticket.Title(in.Title)
	wrong.Check(complaint == "", "title", complaint)
	price, complaint := s.currency.Price(in.Price)
	wrong.Check(complaint == "", "price", complaint)
	good, complaints := in.Asked.Over(was, s.currency)
	return ticket.Offer{Title: title, Price: price, Occasion: good}, append(wrong, complaints...).Err()
}

// sell lists a ticket. It is put on the lists first: see dapr.List.
func (s *server) sell(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	asked, err := s.readOffer(w, r)
	if err != nil {
		return err
	}
	if err := s.maySell(r.Context(), seller); err != nil {
		return err
	}
	t, err := ticket.New(service.NewID(r.Context()), seller.ID, asked, s.now())
	if err != nil {
		return err
	}
	trace.Is(r.Context(), "list", trace.Ticket(t.ID))
	if err := s.everybody.Add(r.Context(), catalogue.ShelfOf(t.ID), t.ID); err != nil {
		return err
	}
	if err := s.sellers.Add(r.Context(), seller.ID, t.ID); err != nil {
		return err
	}
	if err := s.tickets.Create(r.Context(), dapr.ByNudge, t.ID, t); err != nil {
		if !errors.Is(err, dapr.ErrExists) {
			return err
		}
		if t, err = s.tickets.Get(r.Context(), t.ID); err != nil { // by an earlier try of this request
			return err
		}
	}
	s.catalogue.Put(t)
	w.Header().Set("Location", "/api/tickets/"+t.ID)
	return api.WriteTagged(w, r, http.StatusCreated, s.shownOf(t))
}
