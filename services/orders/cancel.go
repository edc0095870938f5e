package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/trace"
)

// cancel gives the ticket back. Repeating it is harmless.
func (s *server) cancel(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	o, err := s.owned(r.Context(), mux.Vars(r)["id"], buyer.ID)
	if err != nil {
		return err
	}
	trace.Is(r.Context(), "cancel", trace.Order(o.ID), trace.Ticket(o.Ticket.ID))
	if o.Status != sale.Cancelled {
		if _, err := s.sales.Update(r.Context(), dapr.ByNudge, o.Ticket.ID, func(sl *sale.Sale) error {
			return sl.Cancel(o.ID, s.now())
		}); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
