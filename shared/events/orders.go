package events

import (
	"errors"
	"fmt"

	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// Types of Order.
const (
	OrderCreated   = "order.created"
	OrderUpdated   = "order.updated" // the deadline moved
	OrderCancelled = "order.cancelled"
	OrderCompleted = "order.completed"
	OrderRefunded  = "order.refunded" // after it was completed: by hand, the ticket is not valid any more
)

// Status of an order, as everybody outside the orders service reads it.
type Status string

const (
	StatusCreated         Status = "created"
	StatusAwaitingPayment Status = "awaiting:payment"
	StatusComplete        Status = "complete"
	StatusRefunded        Status = "refunded"
	StatusCancelled       Status = "cancelled"
)

// Order is an order as it is now, published by orders.
type Order struct {
	ID          string      `json:"id"`
	Version     int64       `json:"version"`     // of this order: 0 when placed
	SaleVersion int64       `json:"saleVersion"` // of its ticket's sale: puts all orders for one ticket in one sequence
	Status      Status      `json:"status"`
	UserID      string      `json:"userId"` // the buyer
	PlacedAt    clock.Time  `json:"placedAt,omitzero"`
	ExpiresAt   clock.Time  `json:"expiresAt"`
	Reason      string      `json:"reason,omitempty"` // why it was cancelled or refunded
	Ticket      OrderTicket `json:"ticket"`
}

// OrderTicket is the ticket as it was when the order was placed.
type OrderTicket struct {
	ID       string       `json:"id"`
	Title    string       `json:"title"`
	Price    money.Amount `json:"price"`
	Version  int64        `json:"version"`
	SellerID string       `json:"sellerId,omitempty"`
	occasion.Occasion
}

// Ended tells whether nothing more will happen to the order.
func (o Order) Ended() bool {
	return o.Status == StatusComplete || o.Status == StatusRefunded || o.Status == StatusCancelled
}

func (Order) Topic() string { return OrdersTopic }
func (Order) Types() []string {
	return []string{OrderCreated, OrderUpdated, OrderCancelled, OrderCompleted, OrderRefunded}
}
func (o Order) check() error {
	switch o.Status {
	case StatusCreated, StatusAwaitingPayment, StatusComplete, StatusRefunded, StatusCancelled:
	default:
		return fmt.Errorf("status %q is none of an order", o.Status)
	}
	if o.ExpiresAt.IsZero() {
		return errors.New("expiresAt is missing")
	}
	if o.Ticket.Price <= 0 {
		return errors.New("ticket.price is missing")
	}
	return require(min(o.Version, o.SaleVersion), field{"id", o.ID}, field{"userId", o.UserID}, field{"ticket.id", o.Ticket.ID})
}
func (o Order) describe() header {
	kind := OrderUpdated
	switch {
	case o.Status == StatusComplete:
		kind = OrderCompleted
	case o.Status == StatusRefunded:
		kind = OrderRefunded
	case o.Status == StatusCancelled:
		kind = OrderCancelled
	case o.Version == 0:
		kind = OrderCreated
	}
	return header{kind, o.ID, edition(o.Version)}
}
