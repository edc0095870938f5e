package main

import (
	"cmp"
	"context"
	"time"

	"marketplace/services/handover/handover"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// ofBefore is how long ago an order's time to pay ended that does not name its seller, and was completed before there was a
// hand-over: while its replicas are replaced orders says both, and what is sold then is handed over.
const ofBefore = 6 * time.Hour

// onOrder begins the way of a paid ticket to its buyer, and ends it when his money went back. Who has bought it is known from
// here and from nobody else. What was sold before there was a hand-over got to its buyer without one, and is left alone: some
// brokers bring a service that is new all that they have kept, and every sale of a week would be refunded.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	if o.Status != events.StatusComplete && o.Status != events.StatusRefunded {
		return nil
	}
	if o.Ticket.SellerID == "" && s.now().Sub(o.ExpiresAt.Time) > ofBefore {
		return nil
	}
	seller, err := s.sellerOf(ctx, o)
	if err != nil {
		return err
	}
	if err := s.enlist(ctx, o, seller); err != nil { // first: see dapr.List
		return err
	}
	h, err := s.handovers.Upsert(ctx, dapr.ByRepeat, o.Ticket.ID, func(h *handover.Handover) error {
		h.Sell(handover.Order{ID: o.ID, BuyerID: o.UserID, Ticket: ticketOf(o)}, seller, s.terms, s.now())
		if o.Status == events.StatusRefunded && h.Sale.OrderID == o.ID {
			h.GaveBack(s.now())
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case h.Sale.OrderID != o.ID:
		s.log.Error("needs a person", "order", o.ID, "why", "its ticket was sold before, by order "+h.Sale.OrderID)
	case h.Sale.Status == handover.Due:
		return s.timers.Schedule(ctx, duePrefix+o.ID, h.Sale.DueAt)
	}
	return nil
}

// enlist puts a sale on the lists of both sides. What is on them for long is not put there again when its money goes back.
func (s *server) enlist(ctx context.Context, o events.Order, seller string) error {
	if o.Status == events.StatusRefunded {
		h, err := s.handovers.Get(ctx, o.Ticket.ID)
		if err == nil && h.Sale != nil && h.Sale.OrderID == o.ID {
			return nil
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	for list, owner := range map[*dapr.List]string{s.sellers: seller, s.buyers: o.UserID} {
		if err := list.Add(ctx, owner, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// sellerOf is who sells the order's ticket. An order from before events said so has him at its ticket.
func (s *server) sellerOf(ctx context.Context, o events.Order) (string, error) {
	if o.Ticket.SellerID != "" {
		return o.Ticket.SellerID, nil
	}
	h, err := s.known(ctx, o.Ticket.ID)
	if fault.KindOf(err) == fault.NotFound {
		return "", fault.New(fault.Invalid, "order %s is for ticket %s, which does not exist", o.ID, o.Ticket.ID) // no ticket is sold before it is saved
	}
	return h.SellerID, err
}

func ticketOf(o events.Order) handover.Ticket {
	t := o.Ticket
	return handover.Ticket{ID: t.ID, Title: cmp.Or(t.Title, t.ID), Price: t.Price, Version: t.Version, Occasion: t.Occasion}
}
