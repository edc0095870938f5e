package main

import (
	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// The API's answers, as far as the site reads them. It reads the API like any other client: what the services keep, or tell
// one another, is not for it.

// ticket is one on the market.
type ticket struct {
	ID          string       `json:"id"`
	Version     int64        `json:"version"` // of the offer: the newer one has the greater
	Title       string       `json:"title"`
	Price       money.Amount `json:"price"`
	UserID      string       `json:"userId"`  // the seller
	OrderID     string       `json:"orderId"` // the order that holds or bought it, "" while it is for sale
	Sold        bool         `json:"sold"`
	Refunded    bool         `json:"refunded"`
	SaleVersion int64        `json:"saleVersion"` // of OrderID and Sold: the newer one has the greater
	CreatedAt   clock.Time   `json:"createdAt"`
	Withdrawn   bool         `json:"withdrawn"` // not offered now
	EventID     string       `json:"eventId"`   // the same for tickets for the same
	occasion.Occasion
}

// event is one that tickets can be bought for.
type event struct {
	ID       string `json:"id"`
	Tickets  int    `json:"tickets"` // how many
	Cheapest ticket `json:"cheapest"`
}

// order is one of the visitor's.
type order struct {
	ID        string     `json:"id"`
	Version   int64      `json:"version"`
	Status    status     `json:"status"`
	PlacedAt  clock.Time `json:"placedAt"` // zero for one from before this was kept
	ExpiresAt clock.Time `json:"expiresAt"`
	EndedAt   clock.Time `json:"endedAt"` // without a ticket; zero for one from before this was kept
	Reason    string     `json:"reason"`  // why
	Ticket    struct {
		ID    string       `json:"id"`
		Title string       `json:"title"`
		Price money.Amount `json:"price"`
		occasion.Occasion
	} `json:"ticket"`
	Code string `json:"code"` // proves the purchase; none in lists, nor for an order from before there were codes
}

// status of an order.
type status string

const (
	created   status = "created"
	awaiting  status = "awaiting:payment"
	complete  status = "complete"
	refunded  status = "refunded"
	cancelled status = "cancelled"
)

// Ended tells whether nothing more will happen to the order.
func (o order) Ended() bool { return o.Status != created && o.Status != awaiting }

// receipt is what became of the money, as payments tells it.
type receipt struct {
	Status     string     `json:"status"`
	Amount     int64      `json:"amount"`
	Currency   string     `json:"currency"`
	Reason     string     `json:"reason"`
	Action     *action    `json:"action"` // of a pending one: what its owner has to do
	BegunAt    clock.Time `json:"begunAt"`
	RefundedAt clock.Time `json:"refundedAt"`
	Earlier    []struct { // the attempts before, all declined
		Reason  string     `json:"reason"`
		BegunAt clock.Time `json:"begunAt"`
	} `json:"earlier"`
}

// action leads to the card's bank, which wants to know that it is its customer who pays. It leads back to the order's page.
type action struct {
	URL   string     `json:"url"`
	Until clock.Time `json:"until"` // then the payment ends as declined; zero when only the order's end counts
}
