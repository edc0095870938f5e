package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// beginCheckout keeps an order from expiring while payments charges for it, or says why it must not. Payments asks for the
// buyer and reads what he would.
func (s *server) beginCheckout(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		UserID   string `json:"userId"`
		Checkout string `json:"checkout"` // names the attempt to pay, for its end; "" from a payments of before
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.UserID == "" {
		return fault.InField("userId", "userId is required")
	}
	id := mux.Vars(r)["id"]
	ticketID, err := sale.TicketOf(id)
	if err != nil {
		return err
	}
	trace.Is(r.Context(), "checkout", trace.Order(id), trace.Ticket(ticketID))
	sl, err := s.sales.Update(r.Context(), dapr.ByNudge, ticketID, func(sl *sale.Sale) error {
		if o := sl.Order(id); o != nil && o.UserID != in.UserID {
			return fault.NotOwner()
		}
		return sl.BeginCheckout(id, in.Checkout, s.checkout, s.now())
	})
	if fault.KindOf(err) == fault.NotFound {
		if _, err := s.owned(r.Context(), id, in.UserID); err != nil {
			return err
		}
		return fault.New(fault.Refused, "Cannot pay for a cancelled order").Named(fault.OrderCancelled) // ended so long ago that it was shelved
	}
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, s.shownTo(*sl.Order(id)))
}

// endCheckout takes that back after a decline of the attempt that the checkout was for.
func (s *server) endCheckout(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	ticketID, err := sale.TicketOf(id)
	if err != nil {
		return err
	}
	trace.Is(r.Context(), "end checkout", trace.Order(id), trace.Ticket(ticketID))
	_, err = s.sales.Update(r.Context(), dapr.ByNudge, ticketID, func(sl *sale.Sale) error { return sl.EndCheckout(id, mux.Vars(r)["checkout"]) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
