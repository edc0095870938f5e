package main

import (
	"context"
	"fmt"
	"net/http"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/trace"
)

const neverMade = "The payment could not be made, nothing was charged"

// charge makes an attempt. Nobody else may have begun to, or it must be known that the card network has none.
func (s *server) charge(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	asking, end := trace.Step(ctx, "charge", trace.Order(p.OrderID))
	in, err := s.cards.Charge(asking, p)
	if means, _ := chargeVerdict(err); err == nil || means == refused {
		end(nil) // a decline is an answer
	} else {
		end(err)
	}
	if err == nil {
		return s.note(ctx, p, in)
	}
	switch means, reason := chargeVerdict(err); means {
	case refused:
		return s.decline(ctx, p, reason, codeOf(err))
	case person:
		if down := s.needsPerson(ctx, payment.Unmade, p.OrderID, "", p.ChargeKey(), err.Error()); down != nil {
			return p, unsettled(down)
		}
		return s.decline(ctx, p, neverMade, notMade)
	case unknown:
		if in, lost := s.cards.Find(ctx, p); lost == nil {
			return s.note(ctx, p, in)
		}
	}
	return p, unsettled(err)
}

// note saves what the card network says of an attempt. One that waits for the buyer longer than he has time is ended.
func (s *server) note(ctx context.Context, p payment.Payment, in intent) (payment.Payment, error) {
	if in.State == waiting && !s.now().Before(p.Until) {
		ended, err := s.cards.Cancel(ctx, in.ID)
		if err != nil || ended.State == waiting {
			return p, unsettled(err)
		}
		in = ended
	}
	switch in.State {
	case charged:
		name, job := p.ChargeKey(), settleJob(p.OrderID, p.Checkout, 0)
		p, err := s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
			now.Charged(p.Attempt, in.ID)
			return nil
		})
		if err != nil {
			return p, err
		}
		if !p.Took(in.ID) { // given up meanwhile
			return p, s.sendBack(ctx, p.OrderID, in.ID)
		}
		s.log.Info("charged", "order", p.OrderID, "payment", p.ID, "trace", trace.ID(ctx))
		s.settled.Add(name)
		s.unschedule(ctx, job)
		return p, nil
	case declined:
		return s.decline(ctx, p, in.Reason, in.Code)
	}
	p, err := s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
		now.Await(p.Attempt, in.ID, in.ActionURL)
		return nil
	})
	if err == nil && p.Status == payment.Pending && in.State == processing {
		err = unsettled(fmt.Errorf("payment intent %s is processing", in.ID))
	}
	return p, err
}

// decline notes that nothing was charged, and lets the buyer try again. code is the reason in one word.
func (s *server) decline(ctx context.Context, p payment.Payment, reason, code string) (payment.Payment, error) {
	news := false
	now, err := s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
		before := now.Status
		now.Decline(p.Attempt, reason)
		news = now.Status != before
		return nil
	})
	if err != nil {
		return now, err
	}
	s.log.Info("declined", "order", p.OrderID, "payment", p.ID, "why", code, "trace", trace.ID(ctx))
	countDecline(news, code)
	s.endCheckout(ctx, p.OrderID, p.Checkout) // this attempt's: the next may have begun
	s.unschedule(ctx, settleJob(p.OrderID, p.Checkout, 0))
	return now, nil
}

// endCheckout lets the buyer cancel or try again at once. Unheard, it happens by itself when the checkout's time is over.
func (s *server) endCheckout(ctx context.Context, orderID, checkout string) {
	if err := s.services.Invoke(ctx, "orders", http.MethodDelete, "/internal/orders/"+orderID+"/checkout/"+checkout, nil, nil); err != nil {
		s.log.Info("orders did not hear of a decline", "order", orderID, "error", err)
	}
}
