package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/services/desk/letter"
	"marketplace/services/handover/handover"
	"marketplace/services/orders/sale"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/clock"
	"marketplace/shared/events"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// sound is a history with nothing wrong: one ticket whose first order expired while the card network was taking longer
// than a payment may, so that its money went back, and whose second was paid.
func sound() history {
	deadline := now.Add(-time.Hour)
	begun := deadline.Add(-time.Minute)
	tag := sale.Ticket{ID: "T", Title: "Chess", Price: 1000}
	expired := sale.Order{ID: "T-1", Status: sale.Cancelled, Reason: sale.Expired, Version: 2, HeldUntil: begun.Add(8 * time.Second), ExpiresAt: deadline, Ticket: tag}
	paid := sale.Order{ID: "T-2", UserID: "bob", Status: sale.Complete, Version: 1, ExpiresAt: deadline, Ticket: tag}
	return history{
		Now:      now,
		Checkout: time.Minute,
		Apart:    2 * time.Second,
		Tickets:  map[string]ticket.Ticket{"T": {ID: "T", UserID: "ann", Title: "Chess", Price: 1000, Version: 1, OrderID: "T-2", Sold: true}},
		Sales:    map[string]sale.Sale{"T": {Ticket: tag, Orders: []sale.Order{expired, paid}}},
		Orders:   map[string]sale.Order{"T-1": expired, "T-2": paid},
		Payments: map[string]money{
			"T-1": {ID: "Q", Status: "refunded", Version: 2, BegunAt: begun, StripeID: "pi_2"},
			"T-2": {ID: "P", Status: "succeeded", Version: 1, BegunAt: begun, StripeID: "pi_1"},
		},
		Events: map[string]time.Time{
			eventKey(events.TicketCreated, "T", 0): now, eventKey(events.TicketUpdated, "T", 1): now,
			eventKey(events.OrderCreated, "T-1", 0): now, eventKey(events.OrderUpdated, "T-1", 1): now, eventKey(events.OrderCancelled, "T-1", 2): now,
			eventKey(events.OrderCreated, "T-2", 0): now, eventKey(events.OrderCompleted, "T-2", 1): now,
			eventKey(events.HandoverDelivered, "T-2", 0): now, eventKey(events.HandoverOpened, "T-2", 1): now,
			eventKey(events.PaymentCreated, "P", 1): now,
			eventKey(events.PaymentCreated, "Q", 1): deadline.Add(10 * time.Second), eventKey(events.PaymentRefunded, "Q", 2): now,
		},
		Mails: map[string]int{events.OrderCompleted + " T-2": 2},
		Charges: []charge{
			{ID: "pi_1", OrderID: "T-2", Amount: 1000, Charged: true},
			{ID: "pi_2", OrderID: "T-1", Amount: 1000, Charged: true, Refunded: 1000},
			{ID: "pi_3", OrderID: "T-1", Amount: 1000}, // declined
		},
		Handovers: map[string]handover.Handover{"T": {SellerID: "ann", Content: &handover.Content{ID: "c"},
			Sale: &handover.Sale{OrderID: "T-2", BuyerID: "bob", Status: handover.Opened, Version: 1}}},
		Promised: promises{
			Attached: map[string]bool{"T": true}, Looks: []look{{"T", "ann", secret("T")}, {"T", "bob", secret("T")}},
			Tickets: map[string]bool{"T": true}, Orders: map[string]bool{"T-1": true, "T-2": true},
			Cancelled: map[string]bool{"T-1": true}, Paid: map[string]bool{"T-2": true},
			Operator: "olga", Settled: map[string]letter.Step{"L": letter.LetGo},
		},
		Letters: map[string]letter.Letter{"L": {Subject: "N1", State: letter.Dropped, Notes: []letter.Note{{What: letter.Died}, {By: "olga", What: letter.LetGo}}}},
	}
}

func edit[V any](m map[string]V, key string, change func(*V)) {
	v := m[key]
	change(&v)
	m[key] = v
}

// Each history is broken in one way, which its own check, and only that, must find; or those of all it breaks.
func TestBrokenHistories(t *testing.T) {
	assert.Empty(t, check(sound()))
	for name, c := range map[string]struct {
		broken string // guarantees, in order
		damage func(h *history)
	}{
		"two live orders": {"double sale", func(h *history) {
			h.Orders["T-3"] = sale.Order{ID: "T-3", Status: sale.Created, ExpiresAt: now, Ticket: sale.Ticket{ID: "T"}}
			h.Events[eventKey(events.OrderCreated, "T-3", 0)] = now
		}},
		"an event never published":               {"lost event and lost mail", func(h *history) { delete(h.Events, eventKey(events.OrderCompleted, "T-2", 1)) }},
		"a handover's event lost":                {"lost event", func(h *history) { delete(h.Events, eventKey(events.HandoverOpened, "T-2", 1)) }},
		"sold, and handover has not heard of it": {"unhanded", func(h *history) { edit(h.Handovers, "T", func(at *handover.Handover) { at.Sale = nil }) }},
		"sold, and not handed over": {"unhanded", func(h *history) {
			edit(h.Handovers, "T", func(at *handover.Handover) { at.Sale.Status = handover.Due })
		}},
		"content that is gone": {"unhanded", func(h *history) { edit(h.Handovers, "T", func(at *handover.Handover) { at.Content = nil }) }},
		"handed over, and failed all the same": {"unhanded", func(h *history) {
			edit(h.Handovers, "T", func(at *handover.Handover) { at.Sale.Reason = handover.Missed })
		}},
		"somebody else was given it": {"leak", func(h *history) { h.Promised.Looks[1].userID = "eve" }},
		"who held it was given it": {"leak", func(h *history) {
			edit(h.Orders, "T-1", func(o *sale.Order) { o.UserID = "eve" })
			h.Promised.Looks[1].userID = "eve"
		}},
		"a payment that was refused for load": {"turned away", func(h *history) { h.Promised.TurnedAway = []string{"POST /api/payments"} }},
		"another ticket's was given":          {"leak", func(h *history) { h.Promised.Looks[1].got = secret("U") }},
		"a ticket's event lost":               {"lost event", func(h *history) { delete(h.Events, eventKey(events.TicketUpdated, "T", 1)) }},
		"an order without end": {"endless order", func(h *history) {
			h.Orders["U-1"] = sale.Order{ID: "U-1", Status: sale.Awaiting, ExpiresAt: now.Add(-grace - time.Second), Ticket: sale.Ticket{ID: "U"}}
			h.Events[eventKey(events.OrderCreated, "U-1", 0)] = now
		}},
		"held after the start": {"past its start", func(h *history) {
			edit(h.Orders, "T-2", func(o *sale.Order) { o.PlacedAt, o.Ticket.StartsAt = o.ExpiresAt, clock.At(o.ExpiresAt) })
		}},
		"withdrawn, and orders does not know": {"disagreement", func(h *history) { edit(h.Tickets, "T", func(t *ticket.Ticket) { t.Withdrawn = true }) }},
		"expired earlier than clocks are apart": {"early expiry", func(h *history) {
			h.Events[eventKey(events.OrderCancelled, "T-1", 2)] = h.Orders["T-1"].ExpiresAt.Add(-h.Apart - time.Second)
		}},
		"expired a second early by the right clock": {"early expiry", func(h *history) {
			h.Apart = 0
			h.Events[eventKey(events.OrderCancelled, "T-1", 2)] = h.Orders["T-1"].ExpiresAt.Add(-time.Second)
		}},
		"a charge for a cancelled order": {"stray charge and untold money", func(h *history) { h.Charges[1].Refunded = 999 }},
		"a charge for no order": {"stray charge and untold money", func(h *history) {
			h.Charges = append(h.Charges, charge{ID: "pi_4", OrderID: "?", Amount: 1, Charged: true})
		}},
		"charged twice": {"double sale and stray charge and untold money", func(h *history) {
			h.Charges = append(h.Charges, charge{ID: "pi_5", OrderID: "T-2", Amount: 1000, Charged: true})
		}},
		"complete without a charge": {"stray charge and untold money", func(h *history) { h.Charges = h.Charges[1:] }},
		"tickets has not heard of the sale": {"disagreement", func(h *history) {
			edit(h.Tickets, "T", func(t *ticket.Ticket) { t.OrderID, t.Sold = "", false })
		}},
		"orders has another price": {"disagreement", func(h *history) {
			edit(h.Sales, "T", func(s *sale.Sale) { s.Ticket.Price++ })
		}},
		"orders does not know the ticket": {"disagreement", func(h *history) { delete(h.Sales, "T") }},
		"a refund under way for ever": {"disagreement and untold money", func(h *history) {
			edit(h.Payments, "T-1", func(p *money) { p.Status, p.Version = "refunding", 1 })
		}},
		"a payment for an order that ended": {"disagreement and untold money", func(h *history) {
			edit(h.Payments, "T-1", func(p *money) { p.Status, p.Version = "succeeded", 1 })
		}},
		"a charge nobody was told of": {"untold money", func(h *history) { delete(h.Events, eventKey(events.PaymentCreated, "P", 1)) }},
		"a charge of which there is no event at all": {"untold money", func(h *history) {
			edit(h.Payments, "T-2", func(p *money) { p.Version, p.StripeID = 0, "" })
			delete(h.Events, eventKey(events.PaymentCreated, "P", 1))
		}},
		"a decision that is not there": {"desk undone", func(h *history) { h.Promised.Decided = map[string]handover.Verdict{"T-2": handover.Dismiss} }},
		"a letter that was dropped twice": {"desk undone", func(h *history) {
			edit(h.Letters, "L", func(l *letter.Letter) { l.Notes = append(l.Notes, l.Notes[1]) })
		}},
		"a letter that was dropped and sent": {"desk undone", func(h *history) { h.Events[eventKey(praised, "N1", 0)] = now }},
		"a letter that still waits":          {"desk undone", func(h *history) { edit(h.Letters, "L", func(l *letter.Letter) { l.State = letter.Waiting }) }},
		"a refund nobody was told of":        {"untold money", func(h *history) { delete(h.Events, eventKey(events.PaymentRefunded, "Q", 2)) }},
		"a refund told as a charge": {"untold money", func(h *history) {
			delete(h.Events, eventKey(events.PaymentRefunded, "Q", 2))
			h.Events[eventKey(events.PaymentCreated, "Q", 2)] = now
		}},
		"a charge told only when it went back": {"untold money", func(h *history) {
			delete(h.Events, eventKey(events.PaymentCreated, "Q", 1))
			h.Events[eventKey(events.PaymentRefunded, "Q", 1)] = now
		}},
		"a refund told and never made": {"untold money", func(h *history) {
			edit(h.Payments, "T-2", func(p *money) { p.Version = 2 })
			h.Events[eventKey(events.PaymentRefunded, "P", 2)] = now
		}},
		"a charge told and never made": {"untold money", func(h *history) {
			edit(h.Payments, "T-2", func(p *money) { p.StripeID = "pi_9" })
		}},
		"a refund that payments knows nothing of": {"untold money", func(h *history) {
			h.Charges = append(h.Charges, charge{ID: "pi_6", OrderID: "T-2", Amount: 1000, Charged: true, Refunded: 1000})
		}},
		"paid in time and sent back": {"lost ticket", func(h *history) {
			h.Events[eventKey(events.PaymentCreated, "Q", 1)] = h.Payments["T-1"].BegunAt.Add(time.Second)
		}},
		"paid, heard of when it was settled after a crash, and sent back": {"lost ticket", func(h *history) {
			h.Apart = 0
			h.Events[eventKey(events.PaymentCreated, "Q", 1)] = h.Payments["T-1"].BegunAt.Add(36 * time.Second)
		}},
		"taken away in the middle of paying": {"lost ticket", func(h *history) { // the end of an earlier attempt's checkout, say
			begun := h.Payments["T-1"].BegunAt
			edit(h.Orders, "T-1", func(o *sale.Order) { o.ExpiresAt = o.HeldUntil })
			h.Events[eventKey(events.PaymentCreated, "Q", 1)] = begun.Add(10 * time.Second)
		}},
		"a buyer's money returned, and nobody did it": {"lost ticket and unhanded", func(h *history) { // all agree
			edit(h.Orders, "T-2", func(o *sale.Order) { o.Status, o.Version = sale.Refunded, 2 })
			edit(h.Sales, "T", func(s *sale.Sale) { s.Orders[1] = h.Orders["T-2"] })
			edit(h.Tickets, "T", func(t *ticket.Ticket) { t.Refunded = true })
			edit(h.Payments, "T-2", func(p *money) { p.Status, p.Version = "refunded", 2 })
			h.Charges[0].Refunded = 1000
			h.Events[eventKey(events.OrderRefunded, "T-2", 2)], h.Events[eventKey(events.PaymentRefunded, "P", 2)] = now, now
			h.Mails[events.OrderRefunded+" T-2"] = 1
		}},
		"a buyer without a receipt":     {"lost mail", func(h *history) { h.Mails = map[string]int{} }},
		"a receipt for nothing":         {"lost mail", func(h *history) { h.Mails[events.OrderCompleted+" T-1"] = 1 }},
		"a confirmed ticket gone":       {"broken promise", func(h *history) { h.Promised.Tickets["X"] = true }},
		"a confirmed order gone":        {"broken promise", func(h *history) { h.Promised.Orders["X-1"] = true }},
		"a confirmed cancel forgotten":  {"broken promise", func(h *history) { h.Promised.Cancelled["T-2"] = true }},
		"a confirmed payment forgotten": {"broken promise", func(h *history) { h.Promised.Paid["T-3"] = true }},
	} {
		t.Run(name, func(t *testing.T) {
			h := sound()
			c.damage(&h)
			found := map[string]bool{}
			for _, v := range check(h) {
				found[v.Guarantee] = true
			}
			assert.Equal(t, c.broken, strings.Join(sorted(found), " and "))
		})
	}

	for name, excuse := range map[string]func(h *history){
		"mail goes elsewhere": func(h *history) { h.Mails = nil },
		"expired early by as much as clocks are apart": func(h *history) {
			h.Events[eventKey(events.OrderCancelled, "T-1", 2)] = h.Orders["T-1"].ExpiresAt.Add(-h.Apart)
		},
		"paid in time, but given back by the buyer": func(h *history) {
			edit(h.Orders, "T-1", func(o *sale.Order) { o.Reason = sale.ByBuyer })
			h.Events[eventKey(events.PaymentCreated, "Q", 1)] = h.Payments["T-1"].BegunAt.Add(time.Second)
		},
		"tried once more after the hold: that keeps it no longer": func(h *history) {
			edit(h.Payments, "T-1", func(p *money) { p.BegunAt = h.Orders["T-1"].ExpiresAt.Add(-time.Second) })
			h.Events[eventKey(events.PaymentCreated, "Q", 1)] = h.Orders["T-1"].ExpiresAt.Add(time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := sound()
			excuse(&h)
			assert.Empty(t, check(h))
		})
	}
}
