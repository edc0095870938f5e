// Package ticket is what can happen to a ticket. Pure rules: time comes in, nothing goes out.
package ticket

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// longestTitle is the most a title may have, in characters.
const longestTitle = 200

// Ticket is one ticket on the market.
type Ticket struct {
	ID        string       `json:"id"`
	UserID    string       `json:"userId"` // the seller
	Title     string       `json:"title"`
	Price     money.Amount `json:"price"`
	Version   int64        `json:"version"` // one more with each edit, and when it is withdrawn
	CreatedAt time.Time    `json:"createdAt"`
	Withdrawn bool         `json:"withdrawn,omitempty"` // the seller does not offer it now
	occasion.Occasion

	// What orders has said of its sale.
	SaleVersion int64     `json:"saleVersion"`        // newest state of the sale that is in here, 0 for none
	OrderID     string    `json:"orderId,omitempty"`  // the order that holds it or bought it
	HeldUntil   time.Time `json:"heldUntil,omitzero"` // when the hold ends by itself
	Sold        bool      `json:"sold,omitempty"`
	Refunded    bool      `json:"refunded,omitempty"` // sold, and the buyer has his money back: nobody's ticket any more
}

// Offer is what a seller says of a ticket.
type Offer struct {
	Title string
	Price money.Amount
	occasion.Occasion
	Withdrawn bool // of one that he had withdrawn before: it stays so
}

// New lists a ticket. It returns Invalid, naming the field, when it cannot be offered now.
func New(id, userID string, o Offer, now time.Time) (Ticket, error) {
	if err := o.Check(now); err != nil {
		return Ticket{}, err
	}
	return Ticket{ID: id, UserID: userID, Title: o.Title, Price: o.Price, Occasion: o.Occasion, CreatedAt: now.Truncate(time.Millisecond)}, nil // as others read it
}

// Title trims a title. The complaint, "" when there is none, is a sentence for whoever wrote it.
func Title(s string) (title, complaint string) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return s, "Title is required"
	case utf8.RuneCountInString(s) > longestTitle:
		return s, fmt.Sprintf("Title must be at most %d characters", longestTitle)
	case strings.ContainsFunc(s, unicode.IsControl):
		return s, "Title must be on one line, without control characters"
	}
	return s, ""
}

// Edit changes the offer for the seller, and offers again what he had withdrawn unless he says otherwise. It returns Forbidden for anybody else, Refused while it is held or sold, Invalid
// as New does: what has started can be put off, and is for sale again, but not changed otherwise.
func (t *Ticket) Edit(userID string, o Offer, now time.Time) error {
	if err := t.OwnedBy(userID); err != nil {
		return err
	}
	if o.Withdrawn && !t.Withdrawn {
		return fault.InField("withdrawn", "withdrawn cannot be set by an edit")
	}
	if err := o.Check(now); err != nil {
		return err
	}
	if !t.Available(now) {
		return fault.New(fault.Refused, "Cannot edit a reserved ticket").Named(fault.TicketReserved)
	}
	t.Title, t.Price, t.Occasion, t.Withdrawn = o.Title, o.Price, o.Occasion, o.Withdrawn
	t.Version++
	return nil
}

// Withdraw takes it off the market for the seller. Twice is once. It returns Forbidden for anybody else, Refused while it is
// held or sold.
func (t *Ticket) Withdraw(userID string, now time.Time) error {
	if err := t.OwnedBy(userID); err != nil {
		return err
	}
	if !t.Available(now) {
		return TooLate()
	}
	if !t.Withdrawn {
		t.Withdrawn = true
		t.Version++
	}
	return nil
}

// Retire takes it off the market for a seller who is gone, unless it is sold. Who holds it keeps it.
func (t *Ticket) Retire() {
	if !t.Sold && !t.Withdrawn {
		t.Withdrawn = true
		t.Version++
	}
}

// TooLate is the refusal to withdraw what somebody holds or has bought.
func TooLate() error {
	return fault.New(fault.Refused, "Cannot withdraw a reserved ticket").Named(fault.TicketReserved)
}

// Keep takes a withdrawal back that came too late, unless something else has happened to the ticket since.
func (t *Ticket) Keep(withdrawn int64) {
	if t.Withdrawn && t.Version == withdrawn {
		t.Withdrawn = false
		t.Version++
	}
}

// OwnedBy returns Forbidden for anybody but the seller.
func (t *Ticket) OwnedBy(userID string) error {
	if userID != t.UserID {
		return fault.NotOwner()
	}
	return nil
}

// ForSale tells whether it can be bought.
func (t *Ticket) ForSale(now time.Time) bool {
	return !t.Withdrawn && !t.Started(now) && t.Available(now)
}

// Available tells whether nobody holds it or has bought it. A hold past its deadline does not count, whatever became of its
// timer.
func (t *Ticket) Available(now time.Time) bool {
	return t.OrderID == "" || !t.Sold && !now.Before(t.HeldUntil)
}

// Overdue tells whether its hold has ended by itself at a time, and orders has not said so yet.
func (t *Ticket) Overdue(at time.Time) bool {
	return t.OrderID != "" && !t.Sold && !at.Before(t.HeldUntil)
}

// Holder is the order that holds or bought it now, "" when there is none.
func (t *Ticket) Holder(now time.Time) string {
	if t.Available(now) {
		return ""
	}
	return t.OrderID
}

// Sale is the news of a ticket's sale: the state of the order that was changed last.
type Sale struct {
	Version  int64 // of the sale
	OrderID  string
	Ended    bool // cancelled: the ticket is free again
	Complete bool // paid: it is sold
	Refunded bool // and the money was returned by hand
	Deadline time.Time
}

// Follow takes over what orders says. Old news, or the same twice, changes nothing: a late cancel of an old order cannot
// free a newer hold.
func (t *Ticket) Follow(news Sale) {
	if news.Version <= t.SaleVersion {
		return
	}
	t.SaleVersion = news.Version
	t.OrderID, t.HeldUntil, t.Sold, t.Refunded = news.OrderID, news.Deadline, news.Complete, news.Refunded
	if news.Ended {
		t.OrderID, t.HeldUntil = "", time.Time{}
	}
}

// Newest is what t and other, two views of one ticket, tell together: an edit and the sale each have a version of their own.
func (t Ticket) Newest(other Ticket) Ticket {
	if other.Version > t.Version {
		t.Title, t.Price, t.Occasion, t.Withdrawn, t.Version = other.Title, other.Price, other.Occasion, other.Withdrawn, other.Version
	}
	if other.SaleVersion > t.SaleVersion {
		t.SaleVersion, t.OrderID, t.HeldUntil, t.Sold, t.Refunded = other.SaleVersion, other.OrderID, other.HeldUntil, other.Sold, other.Refunded
	}
	return t
}
