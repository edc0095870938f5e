package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
)

// edit changes title and price of the seller's own ticket, refused while it is reserved.
func (s *server) edit(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	title, price, err := s.readOffer(w, r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	t, err := s.tickets.Update(r.Context(), dapr.ByNudge, id, func(t *ticket.Ticket) error {
		return t.Edit(seller.ID, title, price, s.now())
	})
	if err != nil {
		return err
	}
	s.catalogue.Put(t)
	return api.Write(w, http.StatusOK, s.shownOf(t))
}
