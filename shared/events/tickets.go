package events

import (
	"errors"

	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// Types of Ticket.
const (
	TicketCreated   = "ticket.created"
	TicketUpdated   = "ticket.updated"
	TicketWithdrawn = "ticket.withdrawn" // not for sale any more, until it is updated
)

// Ticket is what its seller offers, as it is now, published by tickets. Of its sale the orders tell.
type Ticket struct {
	ID        string       `json:"id"`
	Version   int64        `json:"version"` // 0 when listed, one more with each edit
	Title     string       `json:"title"`
	Price     money.Amount `json:"price"`
	UserID    string       `json:"userId"` // the seller
	CreatedAt clock.Time   `json:"createdAt,omitzero"`
	Withdrawn bool         `json:"withdrawn,omitempty"` // the seller does not offer it now
	occasion.Occasion
}

func (Ticket) Topic() string   { return TicketsTopic }
func (Ticket) Types() []string { return []string{TicketCreated, TicketUpdated, TicketWithdrawn} }
func (t Ticket) check() error {
	if t.Price <= 0 {
		return errors.New("price is missing") // one that is there is read as a price, or not at all
	}
	return require(t.Version, field{"id", t.ID}, field{"userId", t.UserID})
}
func (t Ticket) describe() header {
	kind := TicketUpdated
	switch {
	case t.Withdrawn:
		kind = TicketWithdrawn
	case t.Version == 0:
		kind = TicketCreated
	}
	return header{kind, t.ID, edition(t.Version)}
}
