package main

import (
	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// shown is an order as the API shows it to its buyer, and to nobody else. What everybody is told of it is an event: see announce.
type shown struct {
	ID          string      `json:"id"`
	Version     int64       `json:"version"`
	SaleVersion int64       `json:"saleVersion"`
	Status      sale.Status `json:"status"`
	UserID      string      `json:"userId"`
	PlacedAt    clock.Time  `json:"placedAt,omitzero"`
	ExpiresAt   clock.Time  `json:"expiresAt"`
	EndedAt     clock.Time  `json:"endedAt,omitzero"` // when it was given back, or its time was over
	Reason      string      `json:"reason,omitempty"`
	Ticket      shownTicket `json:"ticket"`
	Currency    string      `json:"currency"`       // of the ticket's price
	Code        string      `json:"code,omitempty"` // proves the purchase: only of a paid order, and only when it is asked for by itself
}

// shownTicket is the ticket as it was when the order was placed.
type shownTicket struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Price   money.Amount `json:"price"`
	Version int64        `json:"version"`
	occasion.Occasion
}

// shownTo is what the buyer of o reads in answers and lists: all but the code.
func (s *server) shownTo(o sale.Order) shown {
	v := shown{
		ID: o.ID, Version: o.Version, SaleVersion: o.SaleVersion, Status: o.Status, UserID: o.UserID,
		PlacedAt: clock.At(o.PlacedAt), ExpiresAt: clock.At(o.ExpiresAt), Reason: o.Reason,
		Ticket:   shownTicket{o.Ticket.ID, o.Ticket.Title, o.Ticket.Price, o.Ticket.Version, o.Ticket.Occasion},
		Currency: string(s.currency),
	}
	if !o.EndedAt.IsZero() {
		v.EndedAt = clock.At(o.EndedAt)
	}
	return v
}

// withCode is shownTo with what proves the purchase, once there was one.
func (s *server) withCode(o sale.Order) shown {
	v := s.shownTo(o)
	if o.Status == sale.Complete {
		v.Code = o.Code
	}
	return v
}

// announce says which events a change to a sale is worth: one for each order that changed.
func announce(before, after sale.Sale) []events.Event {
	var out []events.Event
	for _, o := range after.Orders {
		if was := before.Order(o.ID); was == nil || was.Version != o.Version {
			out = append(out, events.New(toldOf(o, after.SellerID)))
		}
	}
	return out
}

// toldOf is an order for a seller's ticket, as everybody is told of it.
func toldOf(o sale.Order, seller string) events.Order {
	return events.Order{
		ID: o.ID, Version: o.Version, SaleVersion: o.SaleVersion, Status: events.Status(o.Status), UserID: o.UserID,
		PlacedAt: clock.At(o.PlacedAt), ExpiresAt: clock.At(o.ExpiresAt), Reason: o.Reason,
		Ticket: events.OrderTicket{
			ID: o.Ticket.ID, Title: o.Ticket.Title, Price: o.Ticket.Price, Version: o.Ticket.Version, SellerID: seller, Occasion: o.Ticket.Occasion,
		},
	}
}
