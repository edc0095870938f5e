// Package payment is what can happen to the payment for one order. Pure rules: time comes in, nothing goes out.
package payment

import (
	"fmt"
	"time"

	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// Status of a payment. The moves there are:
//
//	(none), Declined → Pending → Succeeded → Refunding → Refunded
//	                   Pending → Declined
type Status string

const (
	Pending   Status = "pending"   // an attempt is under way; only the card network knows how it ended
	Declined  Status = "declined"  // nothing was charged; another card may be tried
	Succeeded Status = "succeeded" // charged
	Refunding Status = "refunding" // charged for an order that was cancelled: the money is on its way back
	Refunded  Status = "refunded"
)

// Payment is the payment for one order: one charge at the most, whatever number of attempts.
type Payment struct {
	ID       string       `json:"id"`
	OrderID  string       `json:"orderId"`
	UserID   string       `json:"userId"`
	Amount   money.Amount `json:"amount"` // in dollars
	Currency string       `json:"currency"`
	Status   Status       `json:"status"`
	Version  int64        `json:"version"` // one more with each charge or refund

	Attempt    int       `json:"attempt"` // from 1
	Token      string    `json:"token"`   // the card of this attempt
	BegunAt    time.Time `json:"begunAt"`
	Reason     string    `json:"reason,omitempty"` // why it was declined
	StripeID   string    `json:"stripeId,omitempty"`
	RefundID   string    `json:"refundId,omitempty"`
	RefundedAt time.Time `json:"refundedAt,omitzero"`
}

// Order is what the payment is for, as orders said when it agreed to the checkout.
type Order struct {
	ID     string
	UserID string
	Amount money.Amount
}

// Begin starts an attempt. While one is under way it changes nothing: that one must end first. It returns Refused when
// nothing is to be paid any more.
func (p *Payment) Begin(id string, o Order, currency, token string, now time.Time) error {
	switch p.Status {
	case Pending, Succeeded:
		return nil
	case Refunding, Refunded:
		return fault.New(fault.Refused, "Cannot pay for a cancelled order")
	}
	if p.ID == "" {
		p.ID, p.OrderID, p.UserID, p.Amount, p.Currency = id, o.ID, o.UserID, o.Amount, currency
	}
	p.Status, p.Token, p.BegunAt, p.Reason = Pending, token, now, ""
	p.Attempt++
	return nil
}

// ChargeKey names the attempt to the card network, which charges once for each name. Never change its form while
// attempts are pending: the same attempt under another name is a second charge.
func (p *Payment) ChargeKey() string { return fmt.Sprintf("charge-%s-%d", p.OrderID, p.Attempt) }

// RefundKey does the same for the refund.
func (p *Payment) RefundKey() string { return "refund-" + p.OrderID }

// Charged ends the attempt well. An attempt that has ended already stays as it ended.
func (p *Payment) Charged(attempt int, stripeID string) {
	if p.Status != Pending || p.Attempt != attempt {
		return
	}
	p.Status, p.StripeID = Succeeded, stripeID
	p.Version++
}

// Decline ends the attempt without a charge.
func (p *Payment) Decline(attempt int, reason string) {
	if p.Status != Pending || p.Attempt != attempt {
		return
	}
	p.Status, p.Reason = Declined, reason
}

// Return decides that the charge goes back. It tells whether there is one to send back.
func (p *Payment) Return() bool {
	if p.Status == Succeeded {
		p.Status = Refunding
	}
	return p.Status == Refunding
}

// Returned notes that the charge went back.
func (p *Payment) Returned(refundID string, now time.Time) {
	if p.Status != Succeeded && p.Status != Refunding {
		return
	}
	p.Status, p.RefundID, p.RefundedAt = Refunded, refundID, now.Truncate(time.Millisecond)
	p.Version++
}
