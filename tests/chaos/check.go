package main

import (
	"fmt"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/events"
)

// history is all there is to know once the system is quiet: the documents, the events, the card network's books and what
// the API has promised.
type history struct {
	Tickets  map[string]ticket.Ticket
	Sales    map[string]sale.Sale
	Orders   map[string]sale.Order // of all sales, the shelved ones too
	Payments map[string]payment.Payment
	Events   map[string]time.Time // when each was published first, by type, subject and version
	Charges  []charge
	Promised promises
	Now      time.Time
}

// charge is a payment intent in the card network's books.
type charge struct {
	ID, OrderID      string
	Amount, Refunded int64
	Charged          bool
}

func (c charge) stands() bool { return c.Charged && c.Refunded < c.Amount }

// promises is what the API has answered with success.
type promises struct {
	Tickets   map[string]bool
	Orders    map[string]bool
	Cancelled map[string]bool
	Paid      map[string]bool
}

// violation is a broken guarantee.
type violation struct {
	Guarantee string // a name of guarantees
	What      string
}

// grace is how long after its deadline an order may take to end once all parts are back.
const grace = 30 * time.Second

// guarantees are the checks, by the name of what they would find.
var guarantees = map[string]func(h history, found func(format string, args ...any)){
	"double sale":    doubleSale,
	"lost event":     lostEvent,
	"endless order":  endlessOrder,
	"early expiry":   earlyExpiry,
	"stray charge":   strayCharge,
	"disagreement":   disagreement,
	"broken promise": brokenPromise,
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
			found("%s of %s at version %d was never published", types[len(types)-1], subject, v)
		}
	}
	for id, t := range h.Tickets {
		expect(id, 0, t.Version, events.TicketCreated, events.TicketUpdated)
	}
	for id, o := range h.Orders {
		expect(id, 0, o.Version, events.OrderCreated, events.OrderUpdated, events.OrderCancelled, events.OrderCompleted)
	}
	for _, p := range h.Payments {
		expect(p.ID, 1, p.Version, events.PaymentCreated, events.PaymentRefunded)
	}
}

func eventKey(kind, subject string, version int64) string {
	return fmt.Sprintf("%s %s %d", kind, subject, version)
}

// endlessOrder: an order ends within seconds of its deadline once the parts are back.
func endlessOrder(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Overdue(h.Now.Add(-grace)) {
			found("order %s is %s, %v after its deadline", id, o.Status, h.Now.Sub(o.ExpiresAt).Round(time.Second))
		}
	}
}

// earlyExpiry: no order is expired before its deadline.
func earlyExpiry(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		if o.Status != sale.Cancelled || o.Reason != sale.Expired {
			continue
		}
		for v := range o.Version + 1 {
			if at, ok := h.Events[eventKey(events.OrderCancelled, id, v)]; ok && at.Before(o.ExpiresAt) {
				found("order %s was expired %v early", id, o.ExpiresAt.Sub(at))
			}
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
		holder, sold := "", false
		for _, o := range s.Orders {
			if o.Status != sale.Cancelled {
				holder, sold = o.ID, o.Status == sale.Complete
			}
		}
		if t.OrderID != holder || t.Sold != sold {
			found("ticket %s: tickets says holder %q, sold %v; orders says %q, %v", id, t.OrderID, t.Sold, holder, sold)
		}
		if s.Ticket.Price != t.Price || s.Ticket.Title != t.Title {
			found("ticket %s: tickets says %q for %s, orders says %q for %s", id, t.Title, t.Price, s.Ticket.Title, s.Ticket.Price)
		}
	}
	for id, p := range h.Payments {
		o := h.Orders[id]
		switch {
		case p.Status == payment.Pending || p.Status == payment.Refunding:
			found("the payment for order %s is still %s", id, p.Status)
		case (p.Status == payment.Succeeded) != (o.Status == sale.Complete):
			found("order %s is %s, its payment %s", id, o.Status, p.Status)
		}
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
		if p := h.Payments[id]; p.Status != payment.Succeeded && p.Status != payment.Refunded {
			found("the payment for order %s was confirmed, it is %q", id, p.Status)
		}
	}
}
