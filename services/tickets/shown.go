package main

import (
	"marketplace/services/tickets/ticket"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// shown is a ticket as the API shows it to everybody. Whoever follows a ticket learns of its offer and of its sale at
// different times and in any order: version and saleVersion say which of two answers is the newer one in each.
type shown struct {
	ID        string       `json:"id"`
	Version   int64        `json:"version"`
	Title     string       `json:"title"`
	Price     money.Amount `json:"price"`
	Currency  string       `json:"currency"` // of the price
	UserID    string       `json:"userId"`   // the seller
	CreatedAt clock.Time   `json:"createdAt,omitzero"`
	occasion.Occasion
	EventID     string `json:"eventId"`             // the same for tickets that are for the same
	Withdrawn   bool   `json:"withdrawn,omitempty"` // the seller does not offer it now
	OrderID     string `json:"orderId,omitempty"`   // holds or bought it; nobody but its buyer can look it up
	Sold        bool   `json:"sold,omitempty"`      // bought, not only held
	Refunded    bool   `json:"refunded,omitempty"`  // bought, and the buyer got his money back: not valid any more
	SaleVersion int64  `json:"saleVersion,omitempty"`
}

// shownOf is t as it is now. A hold whose time is over is not shown.
func (s *server) shownOf(t ticket.Ticket) shown {
	return shown{
		ID: t.ID, Version: t.Version, Title: t.Title, Price: t.Price, Currency: string(s.currency), UserID: t.UserID, CreatedAt: clock.At(t.CreatedAt),
		Occasion: t.Occasion, EventID: t.EventID(), Withdrawn: t.Withdrawn, OrderID: t.Holder(s.now()), Sold: t.Sold, Refunded: t.Refunded, SaleVersion: t.SaleVersion,
	}
}

// announce says which events a change to a ticket is worth: one when it was listed, edited or withdrawn. Of its sale orders tells.
func announce(before, after ticket.Ticket) []events.Event {
	if before.ID != "" && before.Version == after.Version {
		return nil
	}
	return []events.Event{events.New(events.Ticket{
		ID: after.ID, Version: after.Version, Title: after.Title, Price: after.Price, UserID: after.UserID, CreatedAt: clock.At(after.CreatedAt),
		Occasion: after.Occasion, Withdrawn: after.Withdrawn,
	})}
}
