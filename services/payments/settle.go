package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

const (
	// settlePrefix begins the name of the job that finishes a charge or refund after a crash; the order's id follows.
	settlePrefix = "settle-"
	// settleAfter is when it rings: when whoever began has had the time to finish.
	settleAfter = payLimit + 5*time.Second
	// lostAfter is when an attempt that the card network failed on, and knows nothing of, counts as never made.
	lostAfter = 2 * time.Minute
)

// onSettle finishes what was begun for an order.
func (s *server) onSettle(ctx context.Context, orderID string) error {
	p, err := s.payments.Get(ctx, orderID)
	if fault.KindOf(err) == fault.NotFound {
		return nil // died between setting the job and saving the attempt: nothing was charged
	}
	if err != nil {
		return err
	}
	_, err = s.settle(ctx, p)
	return err
}

// settle finds out how an attempt or a refund ended, makes it end if need be, and notes it. Any number of times at once
// is the same as once: the card network does each thing under one name. It returns Unavailable while the outcome is
// unknown.
func (s *server) settle(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	var err error
	switch p.Status {
	case payment.Pending:
		p, err = s.charge(ctx, p)
	case payment.Refunding:
		p, err = s.refund(ctx, p)
	default:
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := s.timers.Unschedule(ctx, settlePrefix+p.OrderID); err != nil {
		s.log.Info("a settled payment's job stays and will find nothing to do", "order", p.OrderID, "error", err)
	}
	return p, nil
}

func (s *server) charge(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	stripeID, err := s.cards.Charge(ctx, p)
	var declined *decline
	switch {
	case err == nil:
		attempt := p.ChargeKey()
		p, err = s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
			now.Charged(p.Attempt, stripeID)
			return nil
		})
		if err == nil {
			s.settled.Add(attempt)
		}
		return p, err
	case errors.As(err, &declined), errors.Is(err, errLost) && s.now().Sub(p.BegunAt) > lostAfter:
		reason := "The payment could not be made, nothing was charged"
		if declined != nil {
			reason = declined.reason
		}
		p, err = s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
			now.Decline(p.Attempt, reason)
			return nil
		})
		s.endCheckout(ctx, p.OrderID)
		return p, err
	}
	e := fault.Down(err, "The card network did not answer. The payment is being settled; look at the order before you pay again")
	e.RetryAfter = 5 * time.Second
	return p, e
}

// endCheckout lets the buyer cancel or try again at once. Unheard, it happens by itself when the checkout's time is over.
func (s *server) endCheckout(ctx context.Context, orderID string) {
	if err := s.services.Invoke(ctx, "orders", http.MethodDelete, "/internal/orders/"+orderID+"/checkout", nil, nil); err != nil {
		s.log.Info("orders did not hear of a decline", "order", orderID, "error", err)
	}
}

func (s *server) refund(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	refundID, err := s.cards.Refund(ctx, p)
	if err != nil {
		return p, fault.Down(err, "The refund is not made yet")
	}
	return s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
		now.Returned(refundID, s.now())
		return nil
	})
}
