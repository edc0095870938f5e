package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// place holds a ticket for the buyer. Of many at once, one wins.
func (s *server) place(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	var in struct {
		TicketID string `json:"ticketId"`
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
	if err := s.prepare(r.Context(), in.TicketID, buyer.ID); err != nil {
		return err
	}
	id := sale.NewOrderID(in.TicketID, rand.Text()[:16])
	if err := s.buyers.Add(r.Context(), buyer.ID, id); err != nil { // before the order: see dapr.List
		return err
	}
	sold, err := s.sales.Update(r.Context(), in.TicketID, func(sl *sale.Sale) error {
		return sl.Place(id, buyer.ID, s.hold, s.now())
	})
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusCreated, view(*sold.Order(id)))
}

// prepare makes sure that the sale exists, would take the order, and has room for it. It refuses nearly everybody who
// comes too late, before anything is written for them.
func (s *server) prepare(ctx context.Context, ticketID, buyer string) error {
	sl, err := s.sales.Get(ctx, ticketID)
	if fault.KindOf(err) == fault.NotFound {
		sl, err = s.learn(ctx, ticketID) // its event may still be on its way
	}
	if err != nil {
		return err
	}
	kept := slices.Clone(sl.Oldest())
	if err := sl.Place("", buyer, s.hold, s.now()); err != nil { // on a copy: only to hear what it says
		return err
	}
	return s.shelve(ctx, ticketID, kept)
}

// learn asks tickets about a ticket that no event has told us of yet. It returns NotFound when there is none.
func (s *server) learn(ctx context.Context, ticketID string) (sale.Sale, error) {
	var t events.Ticket
	if err := s.services.Invoke(ctx, "tickets", http.MethodGet, "/api/tickets/"+ticketID, nil, &t); err != nil {
		return sale.Sale{}, err
	}
	return s.follow(ctx, t)
}

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
	_, err := s.sales.Update(ctx, ticketID, func(sl *sale.Sale) error {
		sl.Forget(kept)
		return nil
	})
	return err
}

// view is an order as its buyer sees it. The same words are the event that tells of it.
func view(o sale.Order) events.Order {
	return events.Order{
		ID: o.ID, Version: o.Version, SaleVersion: o.SaleVersion, Status: events.Status(o.Status), UserID: o.UserID,
		PlacedAt: clock.At(o.PlacedAt), ExpiresAt: clock.At(o.ExpiresAt), Reason: o.Reason,
		Ticket: events.OrderTicket{ID: o.Ticket.ID, Title: o.Ticket.Title, Price: o.Ticket.Price, Version: o.Ticket.Version},
	}
}

// announce says which events a change to a sale is worth: one for each order that changed.
func announce(before, after sale.Sale) []events.Event {
	var out []events.Event
	for _, o := range after.Orders {
		if was := before.Order(o.ID); was == nil || was.Version != o.Version {
			out = append(out, events.New(view(o)))
		}
	}
	return out
}
