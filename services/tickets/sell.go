package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/http"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// offer is what a seller sends, for a new ticket and for an edit.
type offer struct {
	Title string          `json:"title"`
	Price json.RawMessage `json:"price"`
}

// readOffer reads a title and a price that can be paid. Its error names every field that is wrong.
func (s *server) readOffer(w http.ResponseWriter, r *http.Request) (string, money.Amount, error) {
	var in offer
	if err := api.Read(w, r, &in); err != nil {
		return "", 0, err
	}
	var wrong fault.Fields
	title, complaint := ticket.Title(in.Title)
	wrong.Check(complaint == "", "title", complaint)
	price, complaint := s.currency.Price(in.Price)
	wrong.Check(complaint == "", "price", complaint)
	return title, price, wrong.Err()
}

// sell lists a ticket. It is put on the lists first: see dapr.List.
func (s *server) sell(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	title, price, err := s.readOffer(w, r)
	if err != nil {
		return err
	}
	t, err := ticket.New(newID(r, seller.ID), seller.ID, title, price, s.now())
	if err != nil {
		return err
	}
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
		if t, err = s.tickets.Get(r.Context(), t.ID); err != nil { // listed before, with the same key
			return err
		}
	}
	s.catalogue.Put(t)
	return api.Created(w, "/api/tickets/"+t.ID, s.shownOf(t))
}

// newID is the id of a new ticket: the same for the same seller's same Idempotency-Key, so that a form sent twice lists
// one ticket.
func newID(r *http.Request, sellerID string) string {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return rand.Text()
	}
	sum := sha256.Sum256([]byte(sellerID + "/" + key))
	return base32.StdEncoding.EncodeToString(sum[:])[:len(rand.Text())]
}
