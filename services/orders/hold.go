package main

import (
	"context"

	"marketplace/services/orders/holding"
	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// hold notes that a buyer is about to hold a ticket, and puts the order on his list, before the order is made: see
// dapr.List. A crash in between takes one of his places for a few seconds. It returns Refused when he holds as many as he may.
func (s *server) hold(ctx context.Context, ticketID string, o sale.Order) error {
	now := s.now()
	hold := holding.Hold{TicketID: ticketID, OrderID: o.ID, Since: now, Until: now.Add(s.terms.Hold + s.checkout + holding.OnItsWay)}
	var noted []holding.Hold
	err := dapr.AddWith(ctx, s.buyers, o.UserID, o.ID, func(h *holding.Holds) error {
		err := h.Take(hold, s.holds)
		noted = h.Noted
		return err
	})
	if fault.KindOf(err) != fault.Refused {
		return err
	}
	over, failed := s.over(ctx, o.UserID, noted) // some may have been paid for, or given back
	if failed != nil {
		return failed
	}
	if len(over) == 0 {
		return err
	}
	return dapr.AddWith(ctx, s.buyers, o.UserID, o.ID, func(h *holding.Holds) error {
		h.Drop(over)
		return h.Take(hold, s.holds)
	})
}

// over are the orders of those holds that count no more.
func (s *server) over(ctx context.Context, buyer string, noted []holding.Hold) (orderIDs []string, err error) {
	ticketIDs := make([]string, len(noted))
	for i, h := range noted {
		ticketIDs[i] = h.TicketID
	}
	sales, err := s.salesOf(ctx, ticketIDs)
	if err != nil {
		return nil, err
	}
	for _, h := range noted {
		if h.Over(sales[h.TicketID], buyer, s.now()) {
			orderIDs = append(orderIDs, h.OrderID)
		}
	}
	return orderIDs, nil
}
