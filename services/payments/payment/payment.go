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
//	(none), Declined → Pending → Succeeded → Refunding ⇄ Refunded
//	                   Pending → Declined  Succeeded → Refunded
type Status string

const (
	Pending   Status = "pending"   // an attempt is under way; only the card network knows how it ended
	Declined  Status = "declined"  // nothing was charged; another card may be tried
	Succeeded Status = "succeeded" // charged
	Refunding Status = "refunding" // the money is on its way back, or ought to be: see Trouble
	Refunded  Status = "refunded"
)

// Payment is the payment for one order: one charge at the most, whatever number of attempts.
type Payment struct {
	ID       string       `json:"id"`
	OrderID  string       `json:"orderId"`
	UserID   string       `json:"userId"`
	Amount   money.Amount `json:"amount"`
	Currency string       `json:"currency"`
	Status   Status       `json:"status"`
	Version  int64        `json:"version"` // one more with each charge or refund

	Attempt   int       `json:"attempt"`            // from 1
	Checkout  string    `json:"checkout,omitempty"` // under which orders keeps the ticket for this attempt
	Token     string    `json:"token"`              // the card of this attempt
	ReturnURL string    `json:"returnUrl,omitempty"`
	BegunAt   time.Time `json:"begunAt"`
	Until     time.Time `json:"until,omitzero"`      // when the buyer must have done what his bank asks for
	ActionURL string    `json:"actionUrl,omitempty"` // where he does it, "" when there is nothing to do
	StripeID  string    `json:"stripeId,omitempty"`  // Stripe's name of the attempt, once it is known
	Reason    string    `json:"reason,omitempty"`    // why it was declined
	Earlier   []Decline `json:"earlier,omitempty"`   // the attempts before this one, oldest first: the latest of them when there are many

	RefundID   string    `json:"refundId,omitempty"`
	RefundedAt time.Time `json:"refundedAt,omitzero"`
	Trouble    string    `json:"trouble,omitempty"` // why the money does not go back by itself: a person must see to it
}

// Decline is an attempt that charged nothing.
type Decline struct {
	Reason  string    `json:"reason"`
	BegunAt time.Time `json:"begunAt"`
}

// mostEarlier is how many declines are kept: a buyer reads them, and nothing depends on them.
const mostEarlier = 20

// Order is what the payment is for, as orders said when it agreed to the checkout.
type Order struct {
	ID        string
	UserID    string
	Amount    money.Amount
	ExpiresAt time.Time
}

// Try is one attempt to pay.
type Try struct {
	Checkout  string // its name
	Token     string // the card
	ReturnURL string // where the bank may send the buyer back to; "" for a client that knows of no such thing
}

// actionMargin is how long before the order's deadline the buyer must be done: what he does has to be heard of in time.
const actionMargin = 5 * time.Second

// Begin starts an attempt. While one is under way it changes nothing: that one must end first. It returns Refused when
// nothing is to be paid any more, and when no card can be charged the amount.
func (p *Payment) Begin(id string, o Order, currency string, try Try, now time.Time) error {
	switch p.Status {
	case Pending, Succeeded:
		return nil
	case Refunding, Refunded:
		return fault.New(fault.Refused, "Cannot pay for a cancelled order").Named(fault.OrderCancelled)
	}
	if p.ID == "" {
		p.ID, p.OrderID, p.UserID, p.Amount, p.Currency = id, o.ID, o.UserID, o.Amount, currency
	}
	if err := p.payable(); err != nil {
		return err
	}
	if p.Status == Declined {
		p.Earlier = append(p.Earlier, Decline{p.Reason, p.BegunAt})
		p.Earlier = p.Earlier[max(len(p.Earlier)-mostEarlier, 0):]
	}
	p.Status, p.BegunAt, p.Until, p.Reason = Pending, now, o.ExpiresAt.Add(-actionMargin), ""
	p.Checkout, p.Token, p.ReturnURL = try.Checkout, try.Token, try.ReturnURL
	p.StripeID, p.ActionURL = "", ""
	p.Attempt++
	return nil
}

// ChargeKey names the attempt to the card network, which charges once for each name. Never change its form while
// attempts are pending: the same attempt under another name is a second charge.
func (p *Payment) ChargeKey() string { return fmt.Sprintf("charge-%s-%d", p.OrderID, p.Attempt) }

// current tells whether the attempt is the one under way. One that has ended stays as it ended.
func (p *Payment) current(attempt int) bool { return p.Status == Pending && p.Attempt == attempt }

// Await notes that the card network has the attempt and has not decided. actionURL is where the buyer has to go, "" when
// there is nothing for him to do.
func (p *Payment) Await(attempt int, stripeID, actionURL string) {
	if p.current(attempt) {
		p.StripeID, p.ActionURL = stripeID, actionURL
	}
}

// Awaits tells whether the buyer has something to do before it is known whether he has paid.
func (p *Payment) Awaits() bool { return p.Status == Pending && p.ActionURL != "" }

// Lapse ends the buyer's time to do it: another card is tried, or the order is over.
func (p *Payment) Lapse(attempt int, now time.Time) {
	if p.current(attempt) && p.Until.After(now) {
		p.Until = now
	}
}

// Charged ends the attempt well.
func (p *Payment) Charged(attempt int, stripeID string) {
	if !p.current(attempt) {
		return
	}
	p.Status, p.StripeID, p.ActionURL = Succeeded, stripeID, ""
	p.Version++
}

// Decline ends the attempt without a charge.
func (p *Payment) Decline(attempt int, reason string) {
	if p.current(attempt) {
		p.Status, p.Reason, p.ActionURL = Declined, reason, ""
	}
}

// Took tells whether the charge that Stripe calls stripeID is the one that this payment stands for.
func (p *Payment) Took(stripeID string) bool {
	return p.StripeID == stripeID && (p.Status == Succeeded || p.Status == Refunding || p.Status == Refunded)
}

// Return decides that the charge goes back. It tells whether there is one to send back.
func (p *Payment) Return() bool {
	if p.Status == Succeeded {
		p.Status = Refunding
	}
	return p.Status == Refunding
}

// Returning tells whether there is a charge to send back that nobody has to look at.
func (p *Payment) Returning() bool { return p.Status == Refunding && p.Trouble == "" }

// Returned notes that the charge went back: as decided here, or by hand.
func (p *Payment) Returned(refundID string, now time.Time) {
	if p.Status != Succeeded && p.Status != Refunding {
		return
	}
	p.Status, p.RefundID, p.RefundedAt, p.Trouble = Refunded, refundID, now.Truncate(time.Millisecond), ""
	p.Version++
}

// Stuck notes why the charge does not go back, or came back to us after all: it is not booked as returned.
func (p *Payment) Stuck(refundID, why string) {
	if p.Status == Refunding || p.Status == Refunded && p.RefundID == refundID {
		p.Status, p.RefundedAt, p.Trouble = Refunding, time.Time{}, why
	}
}
