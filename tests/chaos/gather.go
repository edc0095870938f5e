package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"marketplace/services/handover/handover"
	"marketplace/services/orders/sale"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// gather reads everything: each document of tickets and orders through its service's sidecar, each payment as its buyer sees
// it, each event from its stream, and the card network's ledger.
func gather(ctx context.Context, s *stack.Stack, cfg settings, t *trade) (history, error) {
	h := history{Now: time.Now(), Checkout: checkoutLimit, Apart: cfg.Clocks, Promised: t.promised, Events: map[string]time.Time{}}
	ids, told, err := readEvents(ctx, s, h.Events)
	if err != nil {
		return h, err
	}
	if s.InboxURL != "" {
		if h.Mails, err = readMails(ctx, s, h.Events); err != nil {
			return h, err
		}
	}
	for id := range t.promised.Tickets {
		ids["ticket"][id] = true
	}
	for id := range t.promised.Orders {
		ids["order"][id] = true
	}
	if h.Charges, err = readCharges(ctx, s); err != nil {
		return h, err
	}
	for _, c := range h.Charges {
		ids["order"][c.OrderID] = true
	}
	if h.Tickets, err = documents[ticket.Ticket](ctx, s, "tickets", "ticket", ids["ticket"]); err != nil {
		return h, err
	}
	if h.Sales, err = documents[sale.Sale](ctx, s, "orders", "sale", ids["ticket"]); err != nil {
		return h, err
	}
	if h.Handovers, err = documents[handover.Handover](ctx, s, "handover", "handover", ids["ticket"]); err != nil {
		return h, err
	}
	if h.Letters, err = gatherLetters(ctx, s, t.promised.Settled); err != nil {
		return h, err
	}
	for _, sl := range h.Sales {
		for _, o := range sl.Orders {
			ids["order"][o.ID] = true
		}
	}
	if h.Orders, err = documents[sale.Order](ctx, s, "orders", "order", ids["order"]); err != nil {
		return h, err
	}
	for _, sl := range h.Sales {
		for _, o := range sl.Orders {
			h.Orders[o.ID] = o // what is in the sale is newer than what was shelved
		}
	}
	h.Payments, err = payments(ctx, t, h.Orders, told)
	return h, err
}

// payments asks for the payment for each order as its buyer, and adds what was told of it.
func payments(ctx context.Context, t *trade, orders map[string]sale.Order, told map[string]events.Payment) (map[string]money, error) {
	sessions := t.sessions()
	found := map[string]money{}
	for id, o := range orders {
		m, err := t.receipt(ctx, id, sessions[o.UserID])
		if err != nil {
			return nil, err
		}
		if e := told[id]; m.ID == e.ID {
			m.Version, m.StripeID = e.Version, e.StripeID
		}
		if m.ID != "" {
			found[id] = m
		}
	}
	return found, nil
}

// documents reads documents through the sidecar of the service that owns them.
func documents[T any](ctx context.Context, s *stack.Stack, app, kind string, ids map[string]bool) (map[string]T, error) {
	at := s.App(app)
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(at.HTTPPort), GRPCPort: strconv.Itoa(at.GRPCPort)})
	if err != nil {
		return nil, err
	}
	defer sidecar.Close()
	found := map[string]T{}
	all := sorted(ids)
	for len(all) > 0 {
		n := min(len(all), 100)
		some := all[:n]
		all = all[n:]
		keys := make([]string, n)
		for i, id := range some {
			keys[i] = kind + ":" + id
		}
		items, err := sidecar.LoadMany(ctx, keys)
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			if item.Value == nil {
				continue
			}
			var doc struct{ Body T }
			if err := json.Unmarshal(item.Value, &doc); err != nil {
				return nil, fmt.Errorf("%s: %w", keys[i], err)
			}
			found[some[i]] = doc.Body
		}
	}
	return found, nil
}

// readEvents notes when each event was published first, which tickets and orders they tell of, and the newest of each order's
// payment.
func readEvents(ctx context.Context, s *stack.Stack, first map[string]time.Time) (map[string]map[string]bool, map[string]events.Payment, error) {
	ids, told := map[string]map[string]bool{"ticket": {}, "order": {}}, map[string]events.Payment{}
	for _, topic := range []string{events.TicketsTopic, events.OrdersTopic, events.PaymentsTopic, events.HandoversTopic} {
		err := s.Published(ctx, topic, func(message []byte, at time.Time) error {
			var e struct {
				Type, Subject string
				Data          events.Payment // of others only the version
			}
			if err := json.Unmarshal(message, &e); err != nil {
				return err
			}
			key := eventKey(e.Type, e.Subject, e.Data.Version)
			if was, ok := first[key]; !ok || at.Before(was) {
				first[key] = at
			}
			if p := e.Data; topic == events.PaymentsTopic && p.Version > told[p.OrderID].Version {
				told[p.OrderID] = p
			}
			if kind := map[string]string{events.TicketsTopic: "ticket", events.OrdersTopic: "order"}[topic]; kind != "" {
				ids[kind][e.Subject] = true
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return ids, told, nil
}

func readCharges(ctx context.Context, s *stack.Stack) ([]charge, error) {
	books, err := s.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	var all []charge
	for _, i := range books {
		all = append(all, charge{ID: i.ID, OrderID: i.OrderID(), Amount: i.Amount, Refunded: i.AmountRefunded, Charged: i.Charged})
	}
	return all, nil
}
