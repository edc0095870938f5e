// Package handover is how a ticket gets from its seller to its buyer: what is attached to it, until when it must be handed
// over, and what becomes of the money. Pure rules: time comes in, nothing goes out.
//
// All that belongs to one ticket is one document, written whole under its ETag. That is why a seller who hands over at the
// deadline and the clock that ends it cannot both win.
package handover

import (
	"strings"
	"time"

	"marketplace/services/handover/content"
	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// Status of a sold ticket on its way. The moves there are:
//
//	Due → Delivered → Opened → Reported → Dismissed
//	Due, Reported → Failed → Refunded    Delivered → Reported
//	any → Refunded
type Status string

const (
	Due       Status = "due"       // sold: the seller has to hand it over
	Delivered Status = "delivered" // the buyer can open it
	Opened    Status = "opened"    // and has
	Reported  Status = "reported"  // the buyer says that it did not work; nothing moves until that is decided
	Dismissed Status = "dismissed" // an operator has decided that it did
	Failed    Status = "failed"    // the buyer is to have his money back: see Reason
	Refunded  Status = "refunded"  // he has it
)

// Reasons for a failed handover.
const (
	Missed = "missed" // the seller let the deadline pass
	Upheld = "upheld" // an operator decided for the buyer
)

// Handover is what is known of a ticket, and once it is sold, of its way to its buyer.
type Handover struct {
	SellerID string   `json:"sellerId"`
	Ticket   Ticket   `json:"ticket"` // as it is offered, or as it was sold
	Content  *Content `json:"content,omitempty"`
	Attached int      `json:"attached,omitempty"` // how often something was
	Sale     *Sale    `json:"sale,omitempty"`
}

// Ticket is what is sold.
type Ticket struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Price   money.Amount `json:"price"`
	Version int64        `json:"version"`
	occasion.Occasion
}

// Content is what gets one in, by where it is kept. What it is nobody reads here.
type Content struct {
	ID      string       `json:"id"`
	Store   string       `json:"store,omitempty"` // the binding that has it, "" for the state store
	Type    content.Type `json:"type"`
	Size    int          `json:"size"` // bytes, before they were sealed
	AddedAt time.Time    `json:"addedAt"`
}

// Sale is a ticket's way to the one who bought it.
type Sale struct {
	OrderID     string       `json:"orderId"`
	BuyerID     string       `json:"buyerId"`
	Status      Status       `json:"status"`
	Version     int64        `json:"version"` // 0 when sold, one more with each change that others are told of
	Amount      money.Amount `json:"amount"`  // what the buyer has paid
	SoldAt      time.Time    `json:"soldAt"`
	DueAt       time.Time    `json:"dueAt"`
	DeliveredAt time.Time    `json:"deliveredAt,omitzero"`
	OpenedAt    time.Time    `json:"openedAt,omitzero"`
	ReportedAt  time.Time    `json:"reportedAt,omitzero"`
	Report      string       `json:"report,omitempty"`
	DecidedAt   time.Time    `json:"decidedAt,omitzero"`
	DecidedBy   string       `json:"decidedBy,omitempty"` // an operator's user id
	Verdict     Verdict      `json:"verdict,omitempty"`
	Reason      string       `json:"reason,omitempty"` // why it failed
	EndedAt     time.Time    `json:"endedAt,omitzero"` // when it failed, or the money went back
	Ledger      []Entry      `json:"ledger,omitempty"`
}

// Order is a paid order, as orders tells of it.
type Order struct {
	ID      string
	BuyerID string
	Ticket  Ticket
}

// Terms are those of every sale.
type Terms struct {
	Before time.Duration // a ticket is handed over so long before it begins ...
	Within time.Duration // ... and so soon after it was sold, whichever comes first
}

// leastTime is what a seller has to hand over whom the deadline would leave less: one who sells shortly before the start. It
// never goes beyond the start.
const leastTime = 30 * time.Minute

// Due is until when a ticket must be handed over. One whose start is not known has only the time since it was sold. One that
// began while it was being paid for, or before that was heard of, has the least: days later it would let nobody in, and its
// seller would be owed for it.
func (t Terms) Due(starts, sold time.Time) time.Time {
	due, least := sold.Add(t.Within), sold.Add(min(leastTime, t.Within))
	if !starts.IsZero() && !starts.After(sold) {
		due = least
	}
	if starts.After(sold) && starts.Add(-t.Before).Before(due) {
		due = starts.Add(-t.Before)
	}
	if due.Before(least) {
		due = least
	}
	if starts.After(sold) && due.After(starts) {
		due = starts
	}
	return due.Truncate(time.Millisecond) // as others read it
}

// Follow takes over what tickets says of the ticket, unless it is old news or the ticket is sold.
func (h *Handover) Follow(seller string, t Ticket) {
	if h.Sale != nil || h.Ticket.ID != "" && t.Version <= h.Ticket.Version {
		return
	}
	h.SellerID, h.Ticket = seller, t
}

// mostAttached bounds how often a seller attaches something to one ticket: each is kept.
const mostAttached = 20

// Attach gives the ticket its content, or another one as long as nobody has opened it. With it a sold ticket is handed over.
// It returns Forbidden for anybody but the seller, and Refused when it is too late.
func (h *Handover) Attach(by string, c Content, now time.Time) error {
	switch {
	case by == "" || by != h.SellerID:
		return fault.NotOwner()
	case h.Overdue(now) || h.Sale != nil && h.Sale.Reason == Missed:
		return fault.New(fault.Refused, "The time to hand this ticket over has passed. Its buyer gets the money back").Named(fault.HandoverOver)
	case h.Sale != nil && h.Sale.Status == Refunded:
		return fault.New(fault.Refused, "The buyer has his money back. There is nothing to hand over").Named(fault.HandoverOver)
	case h.Sale != nil && h.Sale.Status != Due && (h.Sale.Status != Delivered || !h.Sale.OpenedAt.IsZero()):
		return fault.New(fault.Refused, "The buyer has opened it or reported it, so it stays as it is").Named(fault.HandoverFixed)
	case h.Attached >= mostAttached:
		return fault.New(fault.Refused, "That was attached too many times to one ticket").Named(fault.HandoverFixed)
	}
	c.AddedAt = now.Truncate(time.Millisecond)
	h.Content = &c
	h.Attached++
	if h.Sale != nil && h.Sale.Status == Due {
		h.Sale.Version++
		h.deliver(now)
	}
	return nil
}

// Changeable tells whether the seller can still attach something.
func (h *Handover) Changeable(now time.Time) bool {
	trial := *h
	if h.Sale != nil {
		sale := *h.Sale
		trial.Sale = &sale
	}
	return trial.Attach(h.SellerID, Content{}, now) == nil
}

func (h *Handover) deliver(now time.Time) {
	s := h.Sale
	s.Status, s.DeliveredAt = Delivered, now.Truncate(time.Millisecond)
	s.enter(Owed, s.Amount, h.PayoutAt(), now)
}

// Sell begins the way to the buyer, at its end if something is attached already. A ticket is sold once: twice is the same as
// once.
func (h *Handover) Sell(o Order, seller string, t Terms, now time.Time) {
	if h.Sale != nil {
		return
	}
	now = now.Truncate(time.Millisecond)
	if o.Ticket.StartsAt.IsZero() && o.Ticket.Version == h.Ticket.Version { // placed before orders knew when tickets are good
		o.Ticket.Occasion = h.Ticket.Occasion
	}
	h.SellerID, h.Ticket = seller, o.Ticket
	h.Sale = &Sale{OrderID: o.ID, BuyerID: o.BuyerID, Status: Due, Amount: o.Ticket.Price, SoldAt: now, DueAt: t.Due(o.Ticket.StartsAt.Time, now)}
	if h.Content != nil {
		h.deliver(now)
	}
}

// Overdue tells whether the handover should have failed by now.
func (h *Handover) Overdue(now time.Time) bool {
	return h.Sale != nil && h.Sale.Status == Due && !now.Before(h.Sale.DueAt)
}

// Expire ends a handover that the seller let pass. It returns Early while there is time, by our clock. What was handed over, or
// has ended, stays.
func (h *Handover) Expire(now time.Time) error {
	if h.Sale == nil || h.Sale.Status != Due {
		return nil
	}
	if !h.Overdue(now) {
		return fault.New(fault.Early, "ticket %s can be handed over until %s", h.Ticket.ID, h.Sale.DueAt)
	}
	h.fail(Missed, now)
	return nil
}

func (h *Handover) fail(why string, now time.Time) {
	s := h.Sale
	s.Status, s.Reason, s.EndedAt = Failed, why, now.Truncate(time.Millisecond)
	s.Version++
	s.cancel(now)
}

// Open lets the buyer have the content, and notes the first time. It returns Forbidden for anybody else, and Refused while
// there is nothing to open and when the money went back.
func (h *Handover) Open(by string, now time.Time) error {
	if err := h.openable(by); err != nil {
		return err
	}
	s := h.Sale
	if !s.OpenedAt.IsZero() {
		return nil
	}
	s.OpenedAt = now.Truncate(time.Millisecond)
	if s.Status == Delivered {
		s.Status = Opened
		s.Version++
	}
	return nil
}

func (h *Handover) openable(by string) error {
	switch s := h.Sale; {
	case s == nil || by == "" || by != s.BuyerID:
		return fault.NotOwner()
	case s.Status == Due:
		return fault.New(fault.Refused, "The seller has not handed it over yet").Named(fault.NotHandedOver)
	case s.Status == Failed || s.Status == Refunded:
		return fault.New(fault.Refused, "The money for this ticket goes back, and the ticket is not yours any more").Named(fault.HandoverOver)
	}
	return nil
}

// Readable tells whether somebody may have the content now: its seller always, its buyer once he has opened it.
func (h *Handover) Readable(by string) error {
	if by != "" && by == h.SellerID {
		return nil
	}
	if err := h.openable(by); err != nil {
		return err
	}
	if h.Sale.OpenedAt.IsZero() {
		return fault.New(fault.Refused, "Open it first").Named(fault.NotOpened)
	}
	return nil
}

const (
	reportWindow = 7 * 24 * time.Hour
	longestWords = 2000
)

// Words are a buyer's complaint without the spaces around it. The complaint about it is "" when there is none.
func Words(text string) (kept, complaint string) {
	switch kept = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); {
	case kept == "":
		return "", "Say what did not work"
	case len([]rune(kept)) > longestWords:
		return "", "That is too long: at most 2000 characters"
	case strings.ContainsFunc(kept, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufffd' }):
		return "", "There are characters in it that nobody can read"
	}
	return kept, ""
}

// ReportUntil is when it is too late to say that it did not work: a week after the start, or after it was handed over if that
// was later, or after something else was attached: what a buyer opens he has time to try. Zero before it was handed over.
func (h *Handover) ReportUntil() time.Time {
	if h.Sale == nil || h.Sale.DeliveredAt.IsZero() {
		return time.Time{}
	}
	from := later(h.Ticket.StartsAt.Time, h.Sale.DeliveredAt)
	if h.Content != nil {
		from = later(from, h.Content.AddedAt)
	}
	return from.Add(reportWindow)
}

// Report says that it did not work. Until an operator has decided nothing else happens to it. Reporting twice is reporting
// once, in the first words. It returns Forbidden for anybody but the buyer, and Refused when there is nothing to report, any
// more or yet.
func (h *Handover) Report(by, words string, now time.Time) error {
	s := h.Sale
	switch {
	case s == nil || by == "" || by != s.BuyerID:
		return fault.NotOwner()
	case s.Status == Reported:
		return nil
	case s.Status == Due:
		return fault.New(fault.Refused, "The seller has not handed it over yet. If he does not, you get your money back").Named(fault.NotHandedOver)
	case s.Status == Failed || s.Status == Refunded:
		return fault.New(fault.Refused, "The money for this ticket goes back already").Named(fault.HandoverOver)
	case s.Status == Dismissed:
		return fault.New(fault.Refused, "This was reported before, and decided").Named(fault.ReportClosed)
	case !now.Before(h.ReportUntil()):
		return fault.New(fault.Refused, "It is too late to report this ticket").Named(fault.ReportClosed)
	}
	s.Status, s.Report, s.ReportedAt = Reported, words, now.Truncate(time.Millisecond)
	s.Version++
	s.enter(Frozen, 0, time.Time{}, now)
	return nil
}

// Verdict is what an operator decides about a report.
type Verdict string

const (
	Refund  Verdict = "refund"  // the buyer gets his money back
	Dismiss Verdict = "dismiss" // the seller keeps it
)

// Decide ends a report, and keeps who did so. The same decision twice is one. It returns Forbidden for an operator who sells or
// bought the ticket, and Refused for another decision and where there is no report.
func (h *Handover) Decide(operator string, v Verdict, now time.Time) error {
	s := h.Sale
	switch {
	case s == nil:
		return fault.NoSuchThing()
	case operator == h.SellerID || operator == s.BuyerID:
		return fault.NotOwner()
	case s.Verdict == v:
		return nil
	case s.Status != Reported:
		return fault.New(fault.Refused, "There is no open report of this ticket").Named(fault.ReportClosed)
	}
	s.Verdict, s.DecidedBy, s.DecidedAt = v, operator, now.Truncate(time.Millisecond)
	if v == Refund {
		h.fail(Upheld, now)
		return nil
	}
	s.Status = Dismissed
	s.Version++
	s.enter(Released, 0, h.PayoutAt(), now)
	return nil
}

// GaveBack notes that the buyer has his money back: as decided here, or by hand. Nobody but the seller reads the content any
// more.
func (h *Handover) GaveBack(now time.Time) {
	s := h.Sale
	if s == nil || s.Status == Refunded {
		return
	}
	s.Status = Refunded
	if s.EndedAt.IsZero() {
		s.EndedAt = now.Truncate(time.Millisecond)
	}
	s.cancel(now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TicketOf is the ticket that an order's id leads to. It returns NotFound for anything that is no such id.
func TicketOf(orderID string) (string, error) {
	at := strings.LastIndexByte(orderID, '-')
	if at < 1 || at == len(orderID)-1 || len(orderID) > 64 {
		return "", fault.NoSuchThing()
	}
	return orderID[:at], nil
}
