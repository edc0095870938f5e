// Package sale is the sale of one ticket: who holds it, who held it before, who bought it. Pure rules: time comes in,
// nothing goes out.
//
// A sale is one document, written whole under its ETag. That is why a ticket cannot be held twice: two buyers would
// have to win the same write.
package sale

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// Status of an order. The moves there are:
//
//	Created → Awaiting → Complete → Refunded
//	Created, Awaiting → Cancelled
type Status string

const (
	Created   Status = "created"          // the ticket is held, nobody has paid
	Awaiting  Status = "awaiting:payment" // a payment was begun
	Complete  Status = "complete"         // paid
	Refunded  Status = "refunded"         // paid, and the money was returned by hand: the ticket is not valid, nor for sale
	Cancelled Status = "cancelled"        // given back or expired: for ever
)

// Reasons for a cancelled order.
const (
	ByBuyer   = "cancelled by the buyer"
	Expired   = "expired"
	MoneyBack = "refunded"
)

// Order is one buyer's hold on the ticket.
type Order struct {
	ID          string    `json:"id"`
	UserID      string    `json:"userId"`
	Status      Status    `json:"status"`
	Version     int64     `json:"version"`     // 0 when placed, one more with each change that others are told of
	SaleVersion int64     `json:"saleVersion"` // the sale's when this order last changed
	Ticket      Ticket    `json:"ticket"`      // as it was when the order was placed
	PlacedAt    time.Time `json:"placedAt,omitzero"`
	EndedAt     time.Time `json:"endedAt,omitzero"` // when it was given back, or its time was over
	HeldUntil   time.Time `json:"heldUntil"`        // the deadline it was placed with
	ExpiresAt   time.Time `json:"expiresAt"`        // the deadline now: later while a payment is under way
	PayingUntil time.Time `json:"payingUntil,omitzero"`
	Checkout    string    `json:"checkout,omitempty"` // names the payment under way
	Reason      string    `json:"reason,omitempty"`
	PaymentID   string    `json:"paymentId,omitempty"`
	Code        string    `json:"code,omitempty"` // proves the purchase once it is paid: its buyer's secret, never in an event
}

// Terms are those of every hold.
type Terms struct {
	Hold  time.Duration // how long a buyer has to pay
	Again time.Duration // how long a buyer who let a ticket go leaves it to others before he may hold it again
}

// Ticket is what a sale knows of its ticket.
type Ticket struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Price   money.Amount `json:"price"`
	Version int64        `json:"version"`
	occasion.Occasion
	Withdrawn bool `json:"withdrawn,omitempty"` // the seller does not offer it now
}

// atMost is a deadline, or the start when that comes before it.
func (t Ticket) atMost(deadline time.Time) time.Time {
	if t.Started(deadline) {
		return t.StartsAt.Time
	}
	return deadline
}

// Sale is the sale of one ticket.
type Sale struct {
	Version  int64   `json:"version"` // one more with each change to an order
	SellerID string  `json:"sellerId"`
	Ticket   Ticket  `json:"ticket"`
	Orders   []Order `json:"orders,omitempty"` // oldest first; only the last can be live
}

// NewOrderID makes the id of an order: it leads to the ticket, and so to the sale.
func NewOrderID(ticketID, random string) string { return ticketID + "-" + random }

// TicketOf is the ticket that an order id leads to. It returns NotFound for anything that is no order id.
func TicketOf(orderID string) (string, error) {
	at := strings.LastIndexByte(orderID, '-')
	if at < 1 || at == len(orderID)-1 {
		return "", fault.NoSuchThing()
	}
	return orderID[:at], nil
}

// Follow takes over what tickets says of the ticket, unless it is old news.
func (s *Sale) Follow(seller string, t Ticket) {
	if s.Ticket.ID != "" && t.Version <= s.Ticket.Version {
		return
	}
	s.SellerID, s.Ticket = seller, t
}

// Order finds an order, nil when the sale does not have it.
func (s *Sale) Order(id string) *Order {
	for i := range s.Orders {
		if s.Orders[i].ID == id {
			return &s.Orders[i]
		}
	}
	return nil
}

// Current is the order that holds or bought the ticket, nil when it is free.
func (s *Sale) Current() *Order {
	if n := len(s.Orders); n > 0 && s.Orders[n-1].Status != Cancelled {
		return &s.Orders[n-1]
	}
	return nil
}

// LetGo lets the seller have the ticket back that he has withdrawn. A hold past its deadline ends here, and not by a clock
// alone: another machine's may be slower, and the hold would be paid for there. It returns Refused while the ticket is held
// or sold, or may be: a payment is not settled. Then the seller comes too late.
func (s *Sale) LetGo(now time.Time) error {
	o := s.Current()
	if o == nil {
		return nil
	}
	if !o.Overdue(now) || o.unsettled() {
		return fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	}
	s.cancel(o, Expired, now)
	return nil
}

// changed counts a change to an order.
func (s *Sale) changed(o *Order) {
	s.Version++
	o.Version++
	o.SaleVersion = s.Version
}

// Live tells whether the order can still be paid.
func (o *Order) Live(now time.Time) bool {
	return (o.Status == Created || o.Status == Awaiting) && now.Before(o.ExpiresAt)
}

// Overdue tells whether the order should have ended by now.
func (o *Order) Overdue(now time.Time) bool {
	return (o.Status == Created || o.Status == Awaiting) && !now.Before(o.ExpiresAt)
}

// Paid tells whether it was paid, whatever became of the money later.
func (o *Order) Paid() bool { return o.Status == Complete || o.Status == Refunded }

func (o *Order) paying(now time.Time) bool { return now.Before(o.PayingUntil) }

// Place holds the ticket for a buyer: by is the order's id, user and code. Who holds it already keeps the order that he
// has, and nothing changes: he did not hear of it. A hold past its deadline ends here, whatever became of its timer. No
// hold outlasts the start. It returns Refused while somebody else holds the ticket, for one that is sold, withdrawn or has
// started and for the seller, and TooMany, with how long to wait, for who has let it go lately.
func (s *Sale) Place(by Order, t Terms, now time.Time) error {
	if s.Order(by.ID) != nil {
		return nil
	}
	if by.UserID == s.SellerID {
		return fault.New(fault.Refused, "You cannot buy your own ticket").Named(fault.OwnTicket)
	}
	last := s.Current()
	switch {
	case last == nil:
	case last.Live(now) && last.UserID == by.UserID:
		return nil
	case last.Paid() || last.Live(now):
		return fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	case last.unsettled():
		return ErrUnsettled
	}
	switch {
	case s.Ticket.Withdrawn:
		return fault.New(fault.Refused, "The seller has withdrawn this ticket").Named(fault.TicketWithdrawn)
	case s.Ticket.Started(now):
		return errStarted()
	}
	if err := s.again(by.UserID, t.Again, now); err != nil {
		return err
	}
	if last != nil {
		s.cancel(last, Expired, now)
	}
	until := s.Ticket.atMost(now.Add(t.Hold).Truncate(time.Millisecond)) // as others read it
	by.Status, by.Version, by.Ticket = Created, -1, s.Ticket
	by.PlacedAt, by.HeldUntil, by.ExpiresAt = now.Truncate(time.Millisecond), until, until
	s.changed(&by)
	s.Orders = append(s.Orders, by)
	return nil
}

func errStarted() error {
	return fault.New(fault.Refused, "It has begun: tickets for it are not sold any more").Named(fault.TicketStarted)
}

// PlaceAt is Place for a buyer who expects a price, 0 for one who takes any. It returns Refused for another, also when he
// holds the ticket already at that.
func (s *Sale) PlaceAt(expected money.Amount, by Order, t Terms, now time.Time) error {
	if err := s.Place(by, t, now); err != nil || expected == 0 {
		return err
	}
	o := s.Order(by.ID)
	if o == nil {
		o = s.Current()
	}
	if o.Ticket.Price == expected {
		return nil
	}
	refusal := fault.New(fault.Refused, "The price of this ticket is another by now").Named(fault.PriceChanged)
	refusal.Fields[0].Field = "expectedPrice"
	return refusal
}

// again refuses a buyer who has given the ticket back or let his time to pay run out, until it was free for a while. One
// whose money came too late did not mean to let it go.
func (s *Sale) again(buyer string, pause time.Duration, now time.Time) error {
	for _, o := range slices.Backward(s.Orders) {
		if o.UserID != buyer || o.PaymentID != "" {
			continue
		}
		ended, why := o.EndedAt, "You gave this ticket back"
		if o.Overdue(now) {
			ended = o.ExpiresAt
		}
		if o.Reason != ByBuyer {
			why = "Your time to pay for this ticket ran out"
		}
		if wait := ended.Add(pause).Sub(now); wait > 0 {
			return fault.Wait(wait, why+", and for a while it is there for others").Named(fault.HeldLately)
		}
	}
	return nil
}

func (s *Sale) cancel(o *Order, reason string, now time.Time) {
	o.Status, o.Reason, o.EndedAt = Cancelled, reason, now.Truncate(time.Millisecond)
	if o.EndedAt.After(o.ExpiresAt) {
		o.EndedAt = o.ExpiresAt
	}
	s.changed(o)
}

// Cancel gives the ticket back. Cancelling twice is cancelling once. It returns Refused for a paid order and while a
// payment is under way.
func (s *Sale) Cancel(id string, now time.Time) error {
	o := s.Order(id)
	switch {
	case o == nil:
		return fault.NoSuchThing()
	case o.Paid():
		return fault.New(fault.Refused, "Cannot cancel a paid order").Named(fault.OrderPaid)
	case o.Status == Cancelled:
		return nil
	case o.paying(now):
		return fault.New(fault.Refused, "Cannot cancel while a payment is under way").Named(fault.PaymentInProgress)
	}
	s.cancel(o, ByBuyer, now)
	return nil
}

// BeginCheckout promises that the ticket stays held until the outcome of the payment called checkout is known, for at
// most the given time and not beyond the start. It returns Refused when the order is over or its hold has run out: then
// nothing may be charged.
func (s *Sale) BeginCheckout(id, checkout string, atMost time.Duration, now time.Time) error {
	o := s.Order(id)
	switch {
	case o == nil:
		return fault.NoSuchThing()
	case o.Paid():
		return fault.New(fault.Refused, "The order is already paid").Named(fault.OrderPaid)
	case o.Overdue(now) && o.Ticket.Started(now), o.Live(now) && s.Ticket.Started(now): // or it was put forward, which was heard of late
		return errStarted()
	case !o.Live(now):
		return fault.New(fault.Refused, "Cannot pay for a cancelled order").Named(fault.OrderCancelled)
	case !now.Before(o.HeldUntil):
		o.Checkout = checkout
		return nil // a payment under way may go on, but trying again and again does not extend a hold
	}
	o.Status, o.Checkout = Awaiting, checkout
	o.PayingUntil = s.Ticket.atMost(o.Ticket.atMost(now.Add(atMost).Truncate(time.Millisecond)))
	s.moveDeadline(o, later(o.HeldUntil, o.PayingUntil))
	return nil
}

// EndCheckout takes the promise back after a decline: the buyer may try again, or cancel, while the hold lasts. The end of
// an earlier payment, heard late, does not end a later one's.
func (s *Sale) EndCheckout(id, checkout string) error {
	o := s.Order(id)
	if o == nil {
		return fault.NoSuchThing()
	}
	if o.Status != Awaiting || o.PayingUntil.IsZero() || o.Checkout != checkout {
		return nil
	}
	o.PayingUntil = time.Time{}
	s.moveDeadline(o, o.HeldUntil)
	return nil
}

// moveDeadline counts as a change only where the deadline moves: that somebody is paying concerns nobody else.
func (s *Sale) moveDeadline(o *Order, to time.Time) {
	if !o.ExpiresAt.Equal(to) {
		o.ExpiresAt = to
		s.changed(o)
	}
}

// Paid completes the order; code proves the purchase if the order has none yet. Money that meets a cancelled order is
// noted, which announces the cancellation once more: payments returns it. Twice is the same as once.
func (s *Sale) Paid(id, paymentID, code string) error {
	o := s.Order(id)
	if o == nil {
		return fault.NoSuchThing()
	}
	if o.PaymentID != "" {
		return nil
	}
	o.PaymentID = paymentID
	if o.Status == Cancelled {
		o.Version++ // the order's own: to the ticket nothing has happened, and a newer sale version would free it again
		return nil
	}
	o.Status, o.Code = Complete, cmp.Or(o.Code, code)
	s.changed(o)
	return nil
}

// Refund ends a paid order whose money was returned by hand, and an order whose payment and its return are heard of in the
// wrong order. Money that had met a cancelled order is no news.
func (s *Sale) Refund(id, paymentID string) error {
	o := s.Order(id)
	if o == nil {
		return fault.NoSuchThing()
	}
	if o.Status == Cancelled || o.Status == Refunded {
		return nil
	}
	o.PaymentID, o.Status, o.Reason = paymentID, Refunded, MoneyBack
	s.changed(o)
	return nil
}

// ErrUnsettled is returned for an order whose time ran out while somebody was paying for it. The money may have been taken
// in time, and that may not be heard of yet: payments must be asked before the order ends, see Paid and EndUnpaid.
var ErrUnsettled = errors.New("whether the order was paid in time is to be asked for")

func (o *Order) unsettled() bool { return o.Status == Awaiting && !o.PayingUntil.IsZero() }

// Expire cancels an order that nobody paid for in time. deadline is the one that is said to have passed, zero for
// whichever the order has. It returns Early while that is still to come, by our clock, and ErrUnsettled. Nothing happens to
// an order that has ended, or whose deadline has moved to later than that.
func (s *Sale) Expire(id string, deadline, now time.Time) error {
	o := s.Order(id)
	switch {
	case o == nil || !o.Live(now) && !o.Overdue(now):
		return nil
	case o.Overdue(now) && o.unsettled():
		return ErrUnsettled
	case o.Overdue(now):
		s.cancel(o, Expired, now)
		return nil
	case !deadline.IsZero() && o.ExpiresAt.After(deadline):
		return nil
	}
	return fault.New(fault.Early, "order %s can be paid until %s", id, o.ExpiresAt)
}

// EndUnpaid cancels an order whose time ran out, and for which payments has taken no money.
func (s *Sale) EndUnpaid(id string, now time.Time) {
	if o := s.Order(id); o != nil && o.Overdue(now) {
		s.cancel(o, Expired, now)
	}
}

// ordersKept bounds the document: with more, the oldest are to be kept elsewhere.
const ordersKept = 20

// Oldest returns the ended orders that are to be kept elsewhere before another is placed.
func (s *Sale) Oldest() []Order {
	if len(s.Orders) < ordersKept {
		return nil
	}
	return s.Orders[:ordersKept/2]
}

// Restore brings back an order that was kept elsewhere.
func (s *Sale) Restore(o Order) {
	if s.Order(o.ID) == nil {
		s.Orders = append([]Order{o}, s.Orders...)
	}
}

// Forget drops orders that are kept elsewhere now.
func (s *Sale) Forget(kept []Order) {
	for _, o := range kept {
		if len(s.Orders) > 1 && s.Orders[0].ID == o.ID {
			s.Orders = s.Orders[1:]
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
