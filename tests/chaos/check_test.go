package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/events"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// sound is a history with nothing wrong: one ticket whose first order expired and whose second was paid.
func sound() history {
	deadline := now.Add(-time.Hour)
	tag := sale.Ticket{ID: "T", Title: "Chess", Price: 1000}
	expired := sale.Order{ID: "T-1", Status: sale.Cancelled, Reason: sale.Expired, Version: 1, ExpiresAt: deadline, Ticket: tag}
	paid := sale.Order{ID: "T-2", Status: sale.Complete, Version: 1, ExpiresAt: deadline, Ticket: tag}
	return history{
		Now:      now,
		Tickets:  map[string]ticket.Ticket{"T": {ID: "T", Title: "Chess", Price: 1000, Version: 1, OrderID: "T-2", Sold: true}},
		Sales:    map[string]sale.Sale{"T": {Ticket: tag, Orders: []sale.Order{expired, paid}}},
		Orders:   map[string]sale.Order{"T-1": expired, "T-2": paid},
		Payments: map[string]payment.Payment{"T-2": {ID: "P", OrderID: "T-2", Status: payment.Succeeded, Version: 1}},
		Events: map[string]time.Time{
			eventKey(events.TicketCreated, "T", 0): now, eventKey(events.TicketUpdated, "T", 1): now,
			eventKey(events.OrderCreated, "T-1", 0): now, eventKey(events.OrderCancelled, "T-1", 1): now,
			eventKey(events.OrderCreated, "T-2", 0): now, eventKey(events.OrderCompleted, "T-2", 1): now,
			eventKey(events.PaymentCreated, "P", 1): now,
		},
		Charges: []charge{
			{ID: "pi_1", OrderID: "T-2", Amount: 1000, Charged: true},
			{ID: "pi_2", OrderID: "T-1", Amount: 1000, Charged: true, Refunded: 1000},
			{ID: "pi_3", OrderID: "T-1", Amount: 1000}, // declined
		},
		Promised: promises{
			Tickets: map[string]bool{"T": true}, Orders: map[string]bool{"T-1": true, "T-2": true},
			Cancelled: map[string]bool{"T-1": true}, Paid: map[string]bool{"T-2": true},
		},
	}
}

func edit[V any](m map[string]V, key string, change func(*V)) {
	v := m[key]
	change(&v)
	m[key] = v
}

// Each history is broken in one way, which its own check, and only that, must find.
func TestBrokenHistories(t *testing.T) {
	assert.Empty(t, check(sound()))
	for name, c := range map[string]struct {
		guarantee string
		damage    func(h *history)
	}{
		"two live orders": {"double sale", func(h *history) {
			h.Orders["T-3"] = sale.Order{ID: "T-3", Status: sale.Created, ExpiresAt: now, Ticket: sale.Ticket{ID: "T"}}
			h.Events[eventKey(events.OrderCreated, "T-3", 0)] = now
		}},
		"an event never published": {"lost event", func(h *history) { delete(h.Events, eventKey(events.OrderCompleted, "T-2", 1)) }},
		"a ticket's event lost":    {"lost event", func(h *history) { delete(h.Events, eventKey(events.TicketUpdated, "T", 1)) }},
		"a payment's event lost":   {"lost event", func(h *history) { delete(h.Events, eventKey(events.PaymentCreated, "P", 1)) }},
		"an order without end": {"endless order", func(h *history) {
			h.Orders["U-1"] = sale.Order{ID: "U-1", Status: sale.Awaiting, ExpiresAt: now.Add(-grace - time.Second), Ticket: sale.Ticket{ID: "U"}}
			h.Events[eventKey(events.OrderCreated, "U-1", 0)] = now
		}},
		"expired a second early": {"early expiry", func(h *history) {
			h.Events[eventKey(events.OrderCancelled, "T-1", 1)] = h.Orders["T-1"].ExpiresAt.Add(-time.Second)
		}},
		"a charge for a cancelled order": {"stray charge", func(h *history) { h.Charges[1].Refunded = 999 }},
		"a charge for no order": {"stray charge", func(h *history) {
			h.Charges = append(h.Charges, charge{ID: "pi_4", OrderID: "?", Amount: 1, Charged: true})
		}},
		"complete without a charge": {"stray charge", func(h *history) { h.Charges = h.Charges[1:] }},
		"tickets has not heard of the sale": {"disagreement", func(h *history) {
			edit(h.Tickets, "T", func(t *ticket.Ticket) { t.OrderID, t.Sold = "", false })
		}},
		"orders has another price": {"disagreement", func(h *history) {
			edit(h.Sales, "T", func(s *sale.Sale) { s.Ticket.Price++ })
		}},
		"orders does not know the ticket": {"disagreement", func(h *history) { delete(h.Sales, "T") }},
		"a refund under way for ever": {"disagreement", func(h *history) {
			h.Payments["T-1"] = payment.Payment{ID: "Q", Status: payment.Refunding, Version: 0}
		}},
		"a payment for an order that ended": {"disagreement", func(h *history) {
			h.Payments["T-1"] = payment.Payment{ID: "Q", Status: payment.Succeeded, Version: 0}
		}},
		"a confirmed ticket gone":       {"broken promise", func(h *history) { h.Promised.Tickets["X"] = true }},
		"a confirmed order gone":        {"broken promise", func(h *history) { h.Promised.Orders["X-1"] = true }},
		"a confirmed cancel forgotten":  {"broken promise", func(h *history) { h.Promised.Cancelled["T-2"] = true }},
		"a confirmed payment forgotten": {"broken promise", func(h *history) { h.Promised.Paid["T-1"] = true }},
	} {
		t.Run(name, func(t *testing.T) {
			h := sound()
			c.damage(&h)
			found := check(h)
			if assert.NotEmpty(t, found) {
				for _, v := range found {
					assert.Equal(t, c.guarantee, v.Guarantee, v.What)
				}
			}
		})
	}

	t.Run("charged twice", func(t *testing.T) { // is both
		h := sound()
		h.Charges = append(h.Charges, charge{ID: "pi_5", OrderID: "T-2", Amount: 1000, Charged: true})
		names := map[string]bool{}
		for _, v := range check(h) {
			names[v.Guarantee] = true
		}
		assert.Equal(t, map[string]bool{"double sale": true, "stray charge": true}, names)
	})
}
