package main

import (
	"context"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// onOrder sends a charge back when its order was cancelled. A charge that is still under way is no matter of this event:
// when it is made, orders finds it paid for a cancelled order and says so again.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	if o.Status != events.StatusCancelled {
		return nil
	}
	p, err := s.payments.Get(ctx, o.ID)
	if fault.KindOf(err) == fault.NotFound {
		return nil // nobody tried to pay
	}
	if err != nil || !p.Return() {
		return err
	}
	if err := s.timers.Schedule(ctx, settlePrefix+o.ID, s.now().Add(settleAfter)); err != nil {
		return err
	}
	if p, err = s.payments.Update(ctx, dapr.ByRepeat, o.ID, func(p *payment.Payment) error {
		p.Return()
		return nil
	}); err != nil {
		return err
	}
	if _, err := s.settle(ctx, p); err != nil {
		s.log.Warn("the job will see to the refund", "order", o.ID, "error", err)
	}
	return nil
}
