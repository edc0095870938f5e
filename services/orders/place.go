package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/service"
	"marketplace/shared/trace"
)

// place holds a ticket for the buyer. Of many at once, one wins.
func (s *server) place(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() { countRefusal(err) }()
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	var in struct {
		TicketID      string          `json:"ticketId"`
		ExpectedPrice json.RawMessage `json:"expectedPrice"` // optional: what the buyer has seen
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.TicketID == "" {
		return fault.InField("ticketId", "TicketId must be provided")
	}
	if err := api.CheckID(in.TicketID); err != nil {
		return err
	}
	var expected money.Amount
	if in.ExpectedPrice != nil && string(in.ExpectedPrice) != "null" {
		var complaint string
		if expected, complaint = s.currency.Price(in.ExpectedPrice); complaint != "" {
			return fault.InField("expectedPrice", complaint)
		}
	}
	order := sale.Order{ID: sale.NewOrderID(in.TicketID, service.NewID(r.Context())[:16]), UserID: buyer.ID, Code: newCode()}
	trace.Is(r.Context(), "place", trace.Order(order.ID), trace.Ticket(in.TicketID))
	place := func() (sale.Sale, error) {
		return s.sales.UpdateAfter(r.Context(), dapr.ByNudge, in.TicketID,
			func() error { return s.hold(r.Context(), in.TicketID, order) },
			func(sl *sale.Sale) error { return sl.PlaceAt(expected, order, s.terms, s.now()) })
	}
	sold, err := place()
	if unknown := fault.KindOf(err) == fault.NotFound; unknown || isOld(err) { // the event of that may still be on its way
		switch _, failed := s.learn(r.Context(), in.TicketID); {
		case failed == nil:
			sold, err = place()
		case unknown:
			err = failed
		}
	}
	if errors.Is(err, sale.ErrUnsettled) {
		if err = s.endUnsettled(r.Context(), dapr.ByNudge, in.TicketID); err == nil {
			sold, err = place()
		}
	}
	if errors.Is(err, sale.ErrUnsettled) || fault.KindOf(err) == fault.Early {
		return fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	}
	if err != nil {
		return err
	}
	placed := sold.Order(order.ID)
	if placed == nil { // he held it already
		return api.WriteTagged(w, r, http.StatusOK, s.shownTo(*sold.Current()))
	}
	if err := s.shelve(r.Context(), in.TicketID, sold.Oldest()); err != nil {
		s.log.Info("the oldest orders of a ticket stay where they are until its next", "ticket", in.TicketID, "error", err)
	}
	w.Header().Set("Location", "/api/orders/"+placed.ID)
	return api.WriteTagged(w, r, http.StatusCreated, s.shownTo(*placed))
}

// isOld tells whether a refusal is one that our copy of the ticket is to blame for, if its seller has edited it since.
func isOld(refusal error) bool {
	if fault.KindOf(refusal) != fault.Refused {
		return false
	}
	switch fault.CodeOf(refusal) {
	case fault.PriceChanged, fault.TicketWithdrawn, fault.TicketStarted:
		return true
	}
	return false
}

// newCode is what proves a purchase to whoever asks the market: derived from nothing.
func newCode() string { return rand.Text()[:16] }

// shelve moves a sale's oldest orders out, so that it stays small. Each has its new place before it leaves the old.
func (s *server) shelve(ctx context.Context, ticketID string, kept []sale.Order) error {
	if len(kept) == 0 {
		return nil
	}
	for _, o := range kept {
		if err := s.archive.Create(ctx, o.ID, o); err != nil && !errors.Is(err, dapr.ErrExists) {
			return err
		}
	}
	_, err := s.sales.Update(ctx, dapr.ByNudge, ticketID, func(sl *sale.Sale) error {
		sl.Forget(kept)
		return nil
	})
	return err
}
