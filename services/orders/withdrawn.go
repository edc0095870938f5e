package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/trace"
)

// withdrawn tells tickets, which has just noted that a seller withdraws his ticket, whether that came in time. After the
// write that takes it over nobody can hold the ticket, and who held it before keeps it. It returns Refused when somebody does.
func (s *server) withdrawn(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	trace.Is(r.Context(), "withdraw", trace.Ticket(id))
	if _, err := s.learn(r.Context(), id); err != nil {
		return err
	}
	if _, err := s.sales.Update(r.Context(), dapr.ByNudge, id, func(sl *sale.Sale) error { return sl.LetGo(s.now()) }); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
