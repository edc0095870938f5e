package main

import (
	"context"

	"marketplace/services/handover/handover"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// duePrefix begins the name of the job that rings when a ticket must have been handed over; the order's id follows.
const duePrefix = "due-"

// onDue ends a handover that its seller let pass. It returns Early, which repeats the job, while there is time by our clock.
func (s *server) onDue(ctx context.Context, orderID string) error {
	ticketID, err := handover.TicketOf(orderID)
	if err == nil {
		_, err = s.handovers.Update(ctx, dapr.ByRepeat, ticketID, func(h *handover.Handover) error { return h.Expire(s.now()) })
	}
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Invalid, "%q is no handover of ours", orderID) // it is saved before its job is set
	}
	return err
}

// current is a handover as it is now. One whose time is over ends here, whatever became of its job.
func (s *server) current(ctx context.Context, ticketID string) (handover.Handover, error) {
	h, err := s.handovers.Get(ctx, ticketID)
	if err != nil {
		return h, err
	}
	return s.ended(ctx, h)
}

func (s *server) ended(ctx context.Context, h handover.Handover) (handover.Handover, error) {
	if !h.Overdue(s.now()) {
		return h, nil
	}
	now, err := s.handovers.Update(ctx, dapr.ByNudge, h.Ticket.ID, func(h *handover.Handover) error {
		if !h.Overdue(s.now()) {
			return nil
		}
		return h.Expire(s.now())
	})
	if fault.KindOf(err) == fault.Unavailable { // the broker, say: it will end, and that much can be shown
		return h, h.Expire(s.now())
	}
	return now, err
}

// ofOrder is the handover that an order leads to. It returns NotFound when there is none.
func (s *server) ofOrder(ctx context.Context, orderID string) (handover.Handover, error) {
	ticketID, err := handover.TicketOf(orderID)
	if err == nil {
		err = api.CheckID(orderID)
	}
	if err != nil {
		return handover.Handover{}, err
	}
	h, err := s.current(ctx, ticketID)
	if err == nil && (h.Sale == nil || h.Sale.OrderID != orderID) {
		err = fault.NoSuchThing()
	}
	return h, err
}
