package main

import (
	"context"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// onHandover sends a charge back whose ticket did not get to its buyer: its seller let the deadline pass, or an operator decided
// for the buyer. The job does it, and orders hears of it, as when somebody returns the money by hand. No order is completed
// before its charge is saved, so it is there.
func (s *server) onHandover(ctx context.Context, h events.Handover) error {
	if h.Status != events.HandoverHasFailed {
		return nil
	}
	p, err := s.payments.Update(ctx, dapr.ByRepeat, h.ID, func(p *payment.Payment) error {
		p.Return()
		return nil
	})
	if err != nil || !p.Returning() {
		return err
	}
	return s.timers.Schedule(ctx, refundJob(h.ID, 0), s.now())
}
