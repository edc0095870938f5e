package events

import (
	"errors"
	"fmt"

	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// Types of Handover.
const (
	HandoverDue       = "handover.due"       // sold: the seller has until dueAt to hand the ticket over
	HandoverDelivered = "handover.delivered" // the buyer can open it
	HandoverOpened    = "handover.opened"    // the buyer has
	HandoverReported  = "handover.reported"  // the buyer says that it did not work
	HandoverDismissed = "handover.dismissed" // an operator has decided that it did
	HandoverFailed    = "handover.failed"    // the buyer is to have the money back: payments returns it
)

// HandoverStatus is what has become of a sold ticket on its way to its buyer.
type HandoverStatus string

const (
	HandoverIsDue       HandoverStatus = "due"
	HandoverIsDelivered HandoverStatus = "delivered"
	HandoverIsOpened    HandoverStatus = "opened"
	HandoverIsReported  HandoverStatus = "reported"
	HandoverIsDismissed HandoverStatus = "dismissed"
	HandoverHasFailed   HandoverStatus = "failed"
)

// Why a handover failed.
const (
	HandoverMissed = "missed" // the seller let the deadline pass
	HandoverUpheld = "upheld" // an operator has decided for the buyer
)

// Handover is a sold ticket on its way to its buyer, published by handover. What gets the buyer in is never in it.
type Handover struct {
	ID          string         `json:"id"`      // the order's
	Version     int64          `json:"version"` // 0 when the ticket was sold, one more with each change
	Status      HandoverStatus `json:"status"`
	SellerID    string         `json:"sellerId"`
	BuyerID     string         `json:"buyerId"`
	Ticket      HandoverTicket `json:"ticket"`
	DueAt       clock.Time     `json:"dueAt"`
	DeliveredAt clock.Time     `json:"deliveredAt,omitzero"`
	OpenedAt    clock.Time     `json:"openedAt,omitzero"`
	ReportedAt  clock.Time     `json:"reportedAt,omitzero"`
	Report      string         `json:"report,omitempty"` // the buyer's words
	Reason      string         `json:"reason,omitempty"` // why it failed
}

// HandoverTicket is the ticket as it was sold.
type HandoverTicket struct {
	ID    string       `json:"id"`
	Title string       `json:"title"`
	Price money.Amount `json:"price"`
	occasion.Occasion
}

func (Handover) Topic() string { return HandoversTopic }
func (Handover) Types() []string {
	return []string{HandoverDue, HandoverDelivered, HandoverOpened, HandoverReported, HandoverDismissed, HandoverFailed}
}
func (h Handover) check() error {
	if _, known := handoverTypes[h.Status]; !known {
		return fmt.Errorf("status %q is none of a handover", h.Status)
	}
	if h.DueAt.IsZero() {
		return errors.New("dueAt is missing")
	}
	return require(h.Version, field{"id", h.ID}, field{"sellerId", h.SellerID}, field{"buyerId", h.BuyerID}, field{"ticket.id", h.Ticket.ID})
}
func (h Handover) describe() header {
	return header{handoverTypes[h.Status], h.ID, edition(h.Version)}
}

var handoverTypes = map[HandoverStatus]string{
	HandoverIsDue: HandoverDue, HandoverIsDelivered: HandoverDelivered, HandoverIsOpened: HandoverOpened,
	HandoverIsReported: HandoverReported, HandoverIsDismissed: HandoverDismissed, HandoverHasFailed: HandoverFailed,
}
