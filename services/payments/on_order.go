package main

import (
	"context"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onOrder sends a charge back when its order was cancelled: it decides so and leaves the rest to a job, since the card
// network may take longer than the events behind this one should wait. An attempt that is still under way gets no more time. If
// it is charged all the same, orders finds it paid for a cancelled order and says so again.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	if o.Status != events.StatusCancelled {
		return nil
	}
	p, err := s.payments.Get(ctx, o.ID)
	if fault.KindOf(err) == fault.NotFound {
		return nil // nobody tried to pay
	}
	if err != nil || !p.Return() && !p.Awaits() {
		return err
	}
	p, err = s.payments.Update(ctx, dapr.ByRepeat, o.ID, func(p *payment.Payment) error {
		p.Lapse(p.Attempt, s.now())
		p.Return()
		return nil
	})
	switch {
	case err != nil:
		return err
	case p.Returning():
		return s.timers.Schedule(ctx, refundJob(o.ID, 0), s.now())
	case p.Awaits():
		return s.timers.Schedule(ctx, settleJob(o.ID, p.Checkout, 0), s.now())
	}
	return nil
}
