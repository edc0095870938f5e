package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// beginCheckout keeps an order from expiring while payments charges for it, or says why it must not.
func (s *server) beginCheckout(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		UserID string `json:"userId"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.UserID == "" {
		return fault.InField("userId", "userId is required")
	}
	o, err := s.owned(r.Context(), mux.Vars(r)["id"], in.UserID)
	if err != nil {
		return err
	}
	sl, err := s.sales.Update(r.Context(), o.Ticket.ID, func(sl *sale.Sale) error {
		if sl.Order(o.ID) == nil {
			return fault.New(fault.Refused, "Cannot pay for a cancelled order") // ended so long ago that it was shelved
		}
		return sl.BeginCheckout(o.ID, s.checkout, s.now())
	})
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, view(*sl.Order(o.ID)))
}

// endCheckout takes that back after a decline.
func (s *server) endCheckout(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	ticketID, err := sale.TicketOf(id)
	if err != nil {
		return err
	}
	_, err = s.sales.Update(r.Context(), ticketID, func(sl *sale.Sale) error { return sl.EndCheckout(id) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
