package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// refundPrefix begins the name of a job that sends a charge back; the order's id and the number of the try follow.
const refundPrefix = "refund-"

func refundJob(orderID string, try int) string {
	return fmt.Sprintf("%s%s.%d", refundPrefix, orderID, try)
}

// onRefund sends a charge back, and looks again until it has arrived or a person must see to it.
func (s *server) onRefund(ctx context.Context, rest string) error {
	orderID, number, _ := strings.Cut(rest, ".")
	try, err := strconv.Atoi(number)
	if err != nil || try < 0 {
		return fault.New(fault.Invalid, "%q is not a refund of ours", rest)
	}
	trace.Is(ctx, "refund", trace.Order(orderID))
	p, err := s.payments.Announce(ctx, orderID)
	if err != nil || !p.Returning() {
		return err
	}
	if p, err = s.refund(ctx, p, try); err == nil && !p.Returning() {
		return nil
	}
	s.log.Info("a refund is not made yet", "order", orderID, "try", try, "error", err)
	if try == tooLong {
		if err := s.needsPerson(ctx, payment.Refund, orderID, "", "waits", "The money does not go back for long: "+sayable(err)); err != nil {
			return err
		}
	}
	return s.timers.Schedule(ctx, refundJob(orderID, try+1), s.now().Add(pause(try)))
}

// refund looks whether the charge went back, asks for it if not, and notes what has become of it.
func (s *server) refund(ctx context.Context, p payment.Payment, try int) (payment.Payment, error) {
	made, err := s.cards.Refunded(ctx, p.StripeID)
	if errors.Is(err, errNone) || err == nil && made.State == inPart {
		made, err = s.cards.Refund(ctx, p.StripeID, p.OrderID, try)
		if err != nil && refundVerdict(err) == done {
			made, err = s.cards.Refunded(ctx, p.StripeID)
		}
	}
	if err != nil && refundVerdict(err) == person {
		made, err = refund{State: failed, Reason: err.Error()}, nil
	}
	if err != nil {
		return p, err
	}
	return s.noteRefund(ctx, p, made)
}

// sendBack returns a charge that no payment stands for: its attempt was given up before it was heard of. Its refund belongs to
// no document; what becomes of it later comes by webhook.
func (s *server) sendBack(ctx context.Context, orderID, stripeID string) error {
	strays.Inc()
	s.log.Warn("a charge of an attempt that was given up goes back", "order", orderID, "intent", stripeID)
	made, err := s.cards.Refund(ctx, stripeID, orderID, int(s.now().Unix())) // another name each time: a failure would be repeated
	means := refundVerdict(err)
	switch {
	case err != nil && means == person, err == nil && made.State == failed:
		return s.needsPerson(ctx, payment.Stray, orderID, stripeID, stripeID,
			fmt.Sprintf("The charge %s of an attempt that was given up does not go back: %s %s", stripeID, sayable(err), made.Reason))
	case err != nil && means != done:
		return fault.Down(err, "Please try again in a moment")
	}
	return nil
}

// review looks what has become of a charge's refunds: somebody made one by hand at Stripe, or one failed.
func (s *server) review(ctx context.Context, p payment.Payment) error {
	if p.Status == payment.Pending || p.Status == payment.Declined {
		return nil // its event is on its way
	}
	made, err := s.cards.Refunded(ctx, p.StripeID)
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return fault.Down(err, "Please try again in a moment")
	}
	_, err = s.noteRefund(ctx, p, made)
	return err
}

// noteRefund saves what the card network says of a refund.
func (s *server) noteRefund(ctx context.Context, p payment.Payment, made refund) (payment.Payment, error) {
	p, err := s.payments.UpdateAfter(ctx, dapr.ByRepeat, p.OrderID, func() error {
		if made.State != failed {
			return nil
		}
		return s.needsPerson(ctx, payment.Refund, p.OrderID, "", "refused "+made.ID, made.Reason)
	}, func(now *payment.Payment) error {
		switch made.State {
		case returned:
			now.Returned(made.ID, s.now())
		case failed:
			now.Stuck(made.ID, made.Reason)
		}
		return nil
	})
	if err == nil && made.State == returned {
		s.log.Info("refunded", "order", p.OrderID, "payment", p.ID, "trace", trace.ID(ctx))
	}
	return p, err
}
