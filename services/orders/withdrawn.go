package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// withdrawn tells tickets, which has just noted that a seller withdraws his ticket, whether that came in time. The one
// write that takes it over decides: after it nobody can hold the ticket, and who held it before keeps it. It returns
// Refused when somebody does.
func (s *server) withdrawn(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	trace.Is(r.Context(), "withdraw", trace.Ticket(id))
	sl, err := s.learn(r.Context(), id)
	if err != nil {
		return err
	}
	if sl.Kept(s.now()) {
		return fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
