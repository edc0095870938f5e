package events

import (
	"errors"

	"marketplace/shared/clock"
	"marketplace/shared/money"
)

// Types of Ticket.
const (
	TicketCreated = "ticket.created"
	TicketUpdated = "ticket.updated"
)

// Ticket is a ticket as it is now, published by tickets.
type Ticket struct {
	ID        string       `json:"id"`
	Version   int64        `json:"version"` // 0 when listed, one more with each edit
	Title     string       `json:"title"`
	Price     money.Amount `json:"price"`
	UserID    string       `json:"userId"` // the seller
	CreatedAt clock.Time   `json:"createdAt,omitzero"`
	OrderID   string       `json:"orderId,omitempty"`  // the order that holds or bought it
	Sold      bool         `json:"sold,omitempty"`     // bought, not only held
	Refunded  bool         `json:"refunded,omitempty"` // bought, and the buyer got his money back: not valid any more

	SaleVersion int64 `json:"saleVersion,omitempty"` // the sale's, as in Order: says which of two holders is the later one
}

func (Ticket) Topic() string   { return TicketsTopic }
func (Ticket) Types() []string { return []string{TicketCreated, TicketUpdated} }
func (t Ticket) check() error {
	if t.Price <= 0 {
		return errors.New("price is missing") // one that is there is read as a price, or not at all
	}
	return require(t.Version, field{"id", t.ID}, field{"userId", t.UserID})
}
func (t Ticket) describe() header {
	kind := TicketUpdated
	if t.Version == 0 {
		kind = TicketCreated
	}
	return header{kind, t.ID, edition(t.Version)}
}
