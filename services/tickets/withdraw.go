package main

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// withdraw takes the seller's own ticket off the market. Who holds a ticket is known to orders alone, and our copy of that may
// be old: so it is withdrawn here first, which reaches orders whatever becomes of this request, and then orders is asked
// whether that came in time. Who held the ticket before orders knew keeps it: it is offered as before, and the seller is
// refused. A seller who never hears the answer finds it withdrawn, held or sold, and can ask again.
func (s *server) withdraw(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	trace.Is(r.Context(), "withdraw", trace.Ticket(id))
	known := api.PreconditionOf(r)
	t, err := s.tickets.Update(r.Context(), dapr.ByNudge, id, func(t *ticket.Ticket) error {
		if err := t.OwnedBy(seller.ID); err != nil {
			return err
		}
		if !t.Withdrawn { // else it is a repetition, of what was read before
			if err := known.Check(s.shownOf(*t)); err != nil {
				return err
			}
		}
		return t.Withdraw(seller.ID, s.now())
	})
	if err != nil {
		return err
	}
	s.catalogue.Put(t)
	err = s.services.Invoke(r.Context(), "orders", http.MethodPost, "/internal/tickets/"+id+"/withdrawal", nil, nil)
	if fault.CodeOf(err) == fault.TicketReserved {
		return s.keep(r.Context(), t)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// keep offers a ticket as before whose withdrawal came too late, and says so.
func (s *server) keep(ctx context.Context, withdrawn ticket.Ticket) error {
	kept, err := s.tickets.Update(ctx, dapr.ByNudge, withdrawn.ID, func(t *ticket.Ticket) error {
		t.Keep(withdrawn.Version)
		return nil
	})
	if err != nil {
		return err
	}
	s.catalogue.Put(kept)
	return ticket.TooLate()
}
