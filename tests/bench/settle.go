package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
)

// settleLimit is how long a backlog has to go away once nobody adds to it.
const settleLimit = 2 * time.Minute

// settle waits until every purchase is settled everywhere: the ticket sold, the order complete, the payment succeeded.
// It returns how long that took from the end of the load on.
func (m *market) settle(ctx context.Context, t *trading) (time.Duration, error) {
	var tickets, orders []string
	for _, o := range t.placed {
		tickets, orders = append(tickets, o.Ticket.ID), append(orders, o.ID)
	}
	for {
		sold, err := count(ctx, m.tickets, "ticket", tickets, func(t ticket.Ticket) bool { return t.Sold })
		if err != nil {
			return 0, err
		}
		complete, err := count(ctx, m.orders, "sale", tickets, isComplete)
		if err != nil {
			return 0, err
		}
		paid, err := count(ctx, m.payments, "payment", orders, isPaid)
		late := time.Since(t.ended)
		all := sold == len(tickets) && complete == len(tickets) && paid == len(tickets)
		switch {
		case err != nil, all:
			return late, err
		case t.failure != nil && late > 10*time.Second:
			return late, nil // what was not paid will not be settled
		case late > settleLimit:
			return 0, fmt.Errorf("%v after the load has ended only %d tickets of %d are sold, %d orders complete, %d payments made", settleLimit, sold, len(tickets), complete, paid)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// count tells how many of the documents with these ids are as wanted.
func count[T any](ctx context.Context, sidecar *dapr.Sidecar, kind string, ids []string, wanted func(T) bool) (n int, err error) {
	for some := range slices.Chunk(ids, 200) {
		docs, err := dapr.NewCollection[T](kind, sidecar).GetMany(ctx, some)
		if err != nil {
			return 0, err
		}
		for _, doc := range docs {
			if wanted(doc) {
				n++
			}
		}
	}
	return n, nil
}

// documentSize is the mean size of what the stores hold for a purchase, in bytes.
func (m *market) documentSize(ctx context.Context, o order) (int, error) {
	total := 0
	for key, sidecar := range map[string]*dapr.Sidecar{"ticket:" + o.Ticket.ID: m.tickets, "sale:" + o.Ticket.ID: m.orders, "payment:" + o.ID: m.payments} {
		item, err := sidecar.Load(ctx, key)
		if err != nil {
			return 0, err
		}
		total += len(item.Value)
	}
	return total / 3, nil
}
