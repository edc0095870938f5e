package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// lookAt asks the card network about a case again, and does what there is to do. It returns what it has found, and whether that
// ends the case. That the network does not answer is found too; an error is ours.
func (s *server) lookAt(ctx context.Context, c payment.Case) (words string, over bool, err error) {
	p, err := s.payments.Announce(ctx, c.OrderID)
	none := fault.KindOf(err) == fault.NotFound
	if err != nil && !none {
		return "", false, err
	}
	switch c.Kind {
	case payment.Open:
		return s.lookAtOpen(ctx, p)
	case payment.Refund:
		return s.lookAtRefund(ctx, p)
	case payment.Unmade:
		if _, err := s.cards.Find(ctx, p); err != nil && !errors.Is(err, errNone) {
			return sayable(err), false, nil
		}
		return "The card network answers us again. The buyer could try to pay again", true, nil
	case payment.Stray:
		made, err := s.sendAgain(ctx, c.StripeID, c.OrderID)
		return outcome(made, err), err == nil && made.State == returned, nil
	case payment.Disputed:
		made, err := s.cards.Refunded(ctx, c.StripeID)
		if errors.Is(err, errNone) || err == nil && made.State != returned {
			return "The charge has not gone back. Answer the dispute at the card network", false, nil
		}
		return outcome(made, err), err == nil, nil
	case payment.Unknown:
		return s.lookAtUnknown(ctx, c, none)
	}
	return "", false, fmt.Errorf("case %s is of kind %q", c.ID, c.Kind)
}

func (s *server) lookAtOpen(ctx context.Context, p payment.Payment) (string, bool, error) {
	p, err := s.settle(ctx, p)
	if errors.Is(err, dapr.ErrUnannounced) {
		return "", false, err
	}
	if err != nil || p.Status == payment.Pending {
		return strings.TrimSpace("The card network has still not said. " + sayable(err)), false, nil
	}
	return "The payment has ended as " + string(p.Status), true, nil
}

// lookAtRefund asks for the money to go back once more. One that is on its way is watched again as at first.
func (s *server) lookAtRefund(ctx context.Context, p payment.Payment) (string, bool, error) {
	if p.Status != payment.Refunding {
		return "The payment is " + string(p.Status), true, nil
	}
	if err := s.watch(ctx, p.OrderID); err != nil {
		return "", false, err
	}
	made, err := s.sendAgain(ctx, p.StripeID, p.OrderID)
	if err != nil {
		return outcome(made, err), false, nil
	}
	if made.State == underWay {
		_, err := s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(p *payment.Payment) error { p.Again(); return nil })
		return outcome(made, nil), false, err
	}
	p, err = s.noteRefund(ctx, p, made)
	return outcome(made, nil), p.Status == payment.Refunded, err
}

const (
	againFrom  = 20 // the number of a try that no refund has come to that somebody looks at
	watchAfter = 10 * time.Second
)

// watch sets the job that finishes what an operator begins with a refund, before he does: it tells everybody of what we may have
// saved and not told, and looks after what is on its way. Where neither is so it finds nothing to do.
func (s *server) watch(ctx context.Context, orderID string) error {
	if err := s.timers.Schedule(ctx, refundJob(orderID, againFrom), s.now().Add(watchAfter)); err != nil {
		return fault.Down(err, "Please try again in a moment")
	}
	return nil
}

// sendAgain sends a charge back unless it went, or is on its way.
func (s *server) sendAgain(ctx context.Context, stripeID, orderID string) (refund, error) {
	made, err := s.cards.Refunded(ctx, stripeID)
	if errors.Is(err, errNone) || err == nil && (made.State == failed || made.State == inPart) {
		made, err = s.cards.Refund(ctx, stripeID, orderID, int(s.now().Unix())) // another name each time: a failure would be repeated
		if err != nil && refundVerdict(err) == done {
			made, err = s.cards.Refunded(ctx, stripeID)
		}
	}
	return made, err
}

func outcome(made refund, err error) string {
	switch {
	case err != nil:
		return "It has not gone back: " + sayable(err)
	case made.State == returned:
		return "It went back"
	case made.State == underWay:
		return "It is on its way back"
	}
	return "It has not gone back: " + made.Reason
}

func (s *server) lookAtUnknown(ctx context.Context, c payment.Case, none bool) (string, bool, error) {
	in, err := s.look(ctx, c.StripeID)
	switch {
	case err != nil:
		return sayable(err), false, nil
	case in.State != charged:
		return "Nothing was charged", true, nil
	case none:
		return "It is charged, and there is still no payment that it is for", false, nil
	}
	told := object{ID: c.StripeID, Metadata: map[string]string{orderField: c.OrderID}}
	return "There is a payment for its order now. If it is for another attempt, it goes back", true, s.onIntent(ctx, told, true)
}
