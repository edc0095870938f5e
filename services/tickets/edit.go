package main

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/occasion"
	"marketplace/shared/trace"
)

// edition is what a seller sends for an edit: an offer, or all that a GET has shown him with a new offer in it.
type edition struct {
	offer
	Withdrawn bool `json:"withdrawn"` // true: what is withdrawn stays so

	// What no edit changes, see api.Unchanged.
	ID          json.RawMessage `json:"id"`
	Version     json.RawMessage `json:"version"`
	Currency    json.RawMessage `json:"currency"`
	UserID      json.RawMessage `json:"userId"`
	CreatedAt   json.RawMessage `json:"createdAt"`
	EventID     json.RawMessage `json:"eventId"`
	OrderID     json.RawMessage `json:"orderId"`
	Sold        json.RawMessage `json:"sold"`
	Refunded    json.RawMessage `json:"refunded"`
	SaleVersion json.RawMessage `json:"saleVersion"`
}

func (e edition) fixed() map[string]json.RawMessage {
	return map[string]json.RawMessage{"id": e.ID, "version": e.Version, "currency": e.Currency, "userId": e.UserID, "createdAt": e.CreatedAt, "eventId": e.EventID,
		"orderId": e.OrderID, "sold": e.Sold, "refunded": e.Refunded, "saleVersion": e.SaleVersion}
}

// edit changes the offer of the seller's own ticket, refused while it is reserved, and offers it again if it was withdrawn. Title and price are always said; of when
// and where it is good stays what is not said, see occasion.Asked. A seller who says what he has read
// (If-Match, or the read-only fields) is refused when it is something else by now: that is looked at in the same write.
func (s *server) edit(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	var in edition
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if _, err := s.check(in.offer, occasion.Occasion{}); err != nil { // before who and what: most of it needs no ticket
		return err
	}
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	trace.Is(r.Context(), "edit", trace.Ticket(id))
	known := api.PreconditionOf(r)
	t, err := s.tickets.Update(r.Context(), dapr.ByNudge, id, func(t *ticket.Ticket) error {
		if err := t.OwnedBy(seller.ID); err != nil {
			return err
		}
		now := s.shownOf(*t)
		if err := known.Check(now); err != nil {
			return err
		}
		if err := api.Unchanged(now, in.fixed()); err != nil {
			return err
		}
		asked, err := s.check(in.offer, t.Occasion)
		if err != nil {
			return err
		}
		if err := s.bound.Check(asked, s.currency).Err(); err != nil {
			return err
		}
		asked.Withdrawn = in.Withdrawn
		return t.Edit(seller.ID, asked, s.now())
	})
	if err != nil {
		return err
	}
	s.catalogue.Put(t)
	return api.WriteTagged(w, r, http.StatusOK, s.shownOf(t))
}
