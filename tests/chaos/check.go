package main

import (
	"fmt"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/services/handover/handover"
	"marketplace/services/orders/sale"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/events"
)

// history is all there is to know once the system is quiet: the documents, the events, the card network's books and what
// the API has promised.
type history struct {
	Tickets   map[string]ticket.Ticket
	Sales     map[string]sale.Sale
	Orders    map[string]sale.Order // of all sales, the shelved ones too
	Payments  map[string]money
	Handovers map[string]handover.Handover // by ticket
	Letters   map[string]letter.Letter     // that an operator has settled
	Mails     map[string]int               // about orders, by type of the event and order; nil when mail goes elsewhere
	Events    map[string]time.Time         // when each was published first, by type, subject and version
	Charges   []charge
	Promised  promises
	Now       time.Time
	Checkout  time.Duration // how long orders keeps a ticket for a payment under way
	Apart     time.Duration // how far a service's clock may be off; events and charges are timed by the right one
}

// money is the payment for an order, as the public is told of it. What payments keeps is its own business, and another
// service may stand in its place.
type money struct {
	ID      string    `json:"id"`
	Status  string    `json:"status"`
	BegunAt time.Time `json:"begunAt"`

	// Of the newest event about it; zero when there is none.
	Version  int64  `json:"-"`
	StripeID string `json:"-"`
}

// charge is a payment intent in the card network's books.
type charge struct {
	ID, OrderID      string
	Amount, Refunded int64
	Charged          bool
}

func (c charge) stands() bool { return c.Charged && c.Refunded < c.Amount }

func (h history) refunds() (n int) {
	for _, c := range h.Charges {
		if c.Charged && !c.stands() {
			n++
		}
	}
	return n
}

// promises is what the API has answered with success.
type promises struct {
	Tickets   map[string]bool
	Orders    map[string]bool
	Cancelled map[string]bool
	Paid      map[string]bool
	Attached  map[string]bool // tickets with content
	Looks     []look
	Operator  string                      // a user id
	Decided   map[string]handover.Verdict // on reports, by order
	Settled   map[string]letter.Step      // dead letters

	TurnedAway []string // requests about what was begun that were refused because too much was asked for
}

// violation is a broken guarantee.
type violation struct {
	Guarantee string // a name of guarantees
	What      string
}

const (
	// grace is how long after its deadline an order may take to end once all parts are back.
	grace = 30 * time.Second
	// delivery is how long an event may be under way while parts come and go. One that was in hand when its service died
	// comes again after 15 s.
	delivery = 20 * time.Second
)

// guarantees are the checks, by the name of what they would find.
var guarantees = map[string]func(h history, found func(format string, args ...any)){
	"double sale":    doubleSale,
	"lost event":     lostEvent,
	"lost mail":      lostMail,
	"untold money":   untoldMoney,
	"lost ticket":    lostTicket,
	"endless order":  endlessOrder,
	"early expiry":   earlyExpiry,
	"stray charge":   strayCharge,
	"past its start": pastItsStart,
	"disagreement":   disagreement,
	"broken promise": brokenPromise,
	"unhanded":       unhanded,
	"leak":           leak,
	"desk undone":    deskUndone,
	"turned away":    turnedAway,
}

// check runs every check.
func check(h history) (all []violation) {
	for name, run := range guarantees {
		run(h, func(format string, args ...any) { all = append(all, violation{name, fmt.Sprintf(format, args...)}) })
	}
	return all
}

// doubleSale: one ticket is never sold twice, nor held by two live orders.
func doubleSale(h history, found func(string, ...any)) {
	holders := map[string][]string{}
	for _, o := range h.Orders {
		if o.Status != sale.Cancelled {
			holders[o.Ticket.ID] = append(holders[o.Ticket.ID], o.ID)
		}
	}
	for id, orders := range holders {
		if len(orders) > 1 {
			found("ticket %s is held or sold %d times: %v", id, len(orders), orders)
		}
	}
	paid := map[string]int{}
	for _, c := range h.Charges {
		if o := h.Orders[c.OrderID]; c.stands() && o.Status != sale.Cancelled {
			paid[o.Ticket.ID]++
		}
	}
	for id, n := range paid {
		if id != "" && n > 1 {
			found("ticket %s is paid for %d times", id, n)
		}
	}
}

// lostEvent: a committed change's events reach the topics.
func lostEvent(h history, found func(string, ...any)) {
	expect := func(subject string, first, last int64, types ...string) {
	versions:
		for v := first; v <= last; v++ {
			for _, kind := range types {
				if _, ok := h.Events[eventKey(kind, subject, v)]; ok {
					continue versions
				}
			}
			found("no event of %s at version %d was ever published", subject, v)
		}
	}
	for id, t := range h.Tickets {
		expect(id, 0, t.Version, events.Ticket{}.Types()...)
	}
	for id, o := range h.Orders {
		expect(id, 0, o.Version, events.Order{}.Types()...)
	}
	for _, at := range h.Handovers {
		if at.Sale != nil {
			expect(at.Sale.OrderID, 0, at.Sale.Version, events.Handover{}.Types()...)
		}
	}
}

func eventKey(kind, subject string, version int64) string {
	return fmt.Sprintf("%s %s %d", kind, subject, version)
}

// untoldMoney: every charge is told of, and so is every refund, each under its own name; and what is told of is in the
// card network's books. A refund is no substitute for the news of the charge: without that its order never had a chance.
func untoldMoney(h history, found func(string, ...any)) {
	made := map[string]charge{}
	for _, c := range h.Charges {
		if c.Charged {
			made[c.ID] = c
		}
		if c.Charged && h.Payments[c.OrderID].StripeID != c.ID {
			found("charge %s for order %s: payments has told of %q", c.ID, c.OrderID, h.Payments[c.OrderID].StripeID)
		}
	}
	for id, p := range h.Payments {
		c, charged := made[p.StripeID]
		if h.tells(events.PaymentCreated, p) != charged {
			found("payment %s for order %s: charged %v, told %v", p.ID, id, charged, !charged)
		}
		refunded := charged && !c.stands()
		if h.tells(events.PaymentRefunded, p) != refunded {
			found("payment %s for order %s: refunded %v, told %v", p.ID, id, refunded, !refunded)
		}
		for v := range p.Version {
			_, created := h.Events[eventKey(events.PaymentCreated, p.ID, v+1)]
			_, returned := h.Events[eventKey(events.PaymentRefunded, p.ID, v+1)]
			if created == returned {
				found("payment %s for order %s at version %d: told as a charge %v, as a refund %v", p.ID, id, v+1, created, returned)
			}
		}
	}
}

// tells reports whether an event of this kind was published for the payment.
func (h history) tells(kind string, p money) bool {
	for v := range p.Version {
		if _, ok := h.Events[eventKey(kind, p.ID, v+1)]; ok {
			return true
		}
	}
	return false
}

// lostTicket: whose money comes in time keeps the ticket. Money may go back only if the news of it came when the order's
// deadline was over or upon it; and the deadline must have been one that leaves a payment its time.
func lostTicket(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Status == sale.Refunded && !h.missed(o.Ticket.ID) && !h.upheld(o.Ticket.ID) {
			found("order %s is refunded, its ticket was handed over, and nobody has returned its money by hand", id)
		}
	}
	for id, p := range h.Payments {
		o := h.Orders[id]
		told, published := h.Events[eventKey(events.PaymentCreated, p.ID, 1)]
		if !published || o.Status != sale.Cancelled || o.Reason != sale.Expired {
			continue
		}
		confirmed := ""
		if h.Promised.Paid[id] {
			confirmed = ", which the buyer was told is paid,"
		}
		if told.Before(o.ExpiresAt.Add(-delivery - h.Apart)) {
			found("order %s%s expired, although its money was told of %v before its deadline", id, confirmed, o.ExpiresAt.Sub(told))
			continue
		}
		// Orders promises a payment begun within the hold its time from then on, unless the start cuts it short. An attempt after
		// that gets what is left.
		promised := p.BegunAt.Before(o.HeldUntil.Add(-2*h.Apart)) && !o.Ticket.Started(p.BegunAt.Add(h.Checkout+2*h.Apart))
		if took := told.Sub(p.BegunAt); promised && took < h.Checkout-delivery-3*h.Apart {
			found("order %s%s expired, although its payment took %v of the %v it may take", id, confirmed, took, h.Checkout)
		}
	}
}

// endlessOrder: an order ends within seconds of its deadline once the parts are back.
func endlessOrder(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Overdue(h.Now.Add(-grace)) {
			found("order %s is %s, %v after its deadline", id, o.Status, h.Now.Sub(o.ExpiresAt).Round(time.Second))
		}
	}
}

// earlyExpiry: no order is expired before its deadline, by the clock of the replica that does it.
func earlyExpiry(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Status != sale.Cancelled || o.Reason != sale.Expired {
			continue
		}
		for v := range o.Version + 1 {
			if at, ok := h.Events[eventKey(events.OrderCancelled, id, v)]; ok && at.Before(o.ExpiresAt.Add(-h.Apart)) {
				found("order %s was expired %v early, clocks are %v apart", id, o.ExpiresAt.Sub(at), h.Apart)
			}
		}
	}
}

// pastItsStart: no ticket is held once it has begun, by the clock of the replica that decides, nor any hold longer than that.
func pastItsStart(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Ticket.Started(o.PlacedAt) {
			found("order %s was placed %v after the start", id, o.PlacedAt.Sub(o.Ticket.StartsAt.Time))
		}
		if starts := o.Ticket.StartsAt; !starts.IsZero() && o.ExpiresAt.After(starts.Time) {
			found("order %s holds its ticket until %v after the start", id, o.ExpiresAt.Sub(starts.Time))
		}
	}
}

// strayCharge: every charge belongs to a completed order or is refunded, and nobody is charged twice.
func strayCharge(h history, found func(string, ...any)) {
	standing := map[string][]string{}
	for _, c := range h.Charges {
		if !c.stands() {
			continue
		}
		standing[c.OrderID] = append(standing[c.OrderID], c.ID)
		if status := h.Orders[c.OrderID].Status; status != sale.Complete {
			found("charge %s stands for order %s, which is %q", c.ID, c.OrderID, status)
		}
	}
	for id, charges := range standing {
		if len(charges) > 1 {
			found("order %s is charged %d times: %v", id, len(charges), charges)
		}
	}
	for id, o := range h.Orders {
		if o.Status == sale.Complete && len(standing[id]) == 0 {
			found("order %s is complete, but no charge stands for it", id)
		}
	}
}

// disagreement: tickets, orders and payments say the same once the system is quiet.
func disagreement(h history, found func(string, ...any)) {
	for id, t := range h.Tickets {
		s, known := h.Sales[id]
		if !known {
			found("orders has never heard of ticket %s", id)
			continue
		}
		holder, sold, refunded := "", false, false
		for _, o := range s.Orders {
			if o.Status != sale.Cancelled {
				holder, sold, refunded = o.ID, o.Paid(), o.Status == sale.Refunded
			}
		}
		if t.OrderID != holder || t.Sold != sold || t.Refunded != refunded {
			found("ticket %s: tickets says holder %q, sold %v, refunded %v; orders says %q, %v, %v", id, t.OrderID, t.Sold, t.Refunded, holder, sold, refunded)
		}
		if s.Ticket.Price != t.Price || s.Ticket.Title != t.Title || s.Ticket.Withdrawn != t.Withdrawn {
			found("ticket %s: tickets says %q for %s, withdrawn %v, orders says %q for %s, %v", id, t.Title, t.Price, t.Withdrawn, s.Ticket.Title, s.Ticket.Price, s.Ticket.Withdrawn)
		}
	}
	for id, p := range h.Payments {
		o := h.Orders[id]
		switch {
		case p.Status == "pending" || p.Status == "refunding":
			found("the payment for order %s is still %s", id, p.Status)
		case (p.Status == "succeeded") != (o.Status == sale.Complete):
			found("order %s is %s, its payment %s", id, o.Status, p.Status)
		}
	}
}

// turnedAway: paying for a placed order, and whatever else is about it, is refused for no load.
func turnedAway(h history, found func(string, ...any)) {
	for _, what := range h.Promised.TurnedAway {
		found("%s was refused because too much was asked for", what)
	}
}

// brokenPromise: what the API has confirmed is in the books.
func brokenPromise(h history, found func(string, ...any)) {
	for id := range h.Promised.Tickets {
		if _, ok := h.Tickets[id]; !ok {
			found("ticket %s was confirmed and is gone", id)
		}
	}
	for id := range h.Promised.Orders {
		if _, ok := h.Orders[id]; !ok {
			found("order %s was confirmed and is gone", id)
		}
	}
	for id := range h.Promised.Cancelled {
		if h.Orders[id].Status != sale.Cancelled {
			found("the cancel of order %s was confirmed, it is %s", id, h.Orders[id].Status)
		}
	}
	for id := range h.Promised.Paid {
		if p := h.Payments[id]; p.Status != "succeeded" && p.Status != "refunded" {
			found("the payment for order %s was confirmed, it is %q", id, p.Status)
		}
	}
}
