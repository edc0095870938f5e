package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

const (
	// settlePrefix begins the name of a job that looks how an attempt ended; order, checkout and number of the look follow.
	settlePrefix = "settle-"
	// settleAfter is when the first look is: when whoever began has had the time to finish.
	settleAfter = payLimit + 5*time.Second
	// madeBy is when an attempt that the card network knows nothing of is made no more, lostAfter when it counts as never
	// made: whoever began to make it just before madeBy has ended by then, whatever clock he looked at.
	madeBy    = 75 * time.Second
	lostAfter = 3 * time.Minute
)

func settleJob(orderID, checkout string, look int) string {
	return fmt.Sprintf("%s%s.%s.%d", settlePrefix, orderID, checkout, look)
}

func readSettleJob(rest string) (orderID, checkout string, look int, ok bool) {
	parts := strings.Split(rest, ".")
	if len(parts) == 1 { // set by the service as it was before checkouts had names
		return rest, "", 0, true
	}
	if len(parts) != 3 {
		return "", "", 0, false
	}
	look, err := strconv.Atoi(parts[2])
	return parts[0], parts[1], look, err == nil && look >= 0
}

// pause is the time before a look, longer with each.
func pause(look int) time.Duration {
	return min(5*time.Second<<min(look, 10), 5*time.Minute)
}

// onSettle looks how an attempt ended. While that is open it sees to the next look itself: a job that fails would come
// again every two seconds.
func (s *server) onSettle(ctx context.Context, rest string) error {
	orderID, checkout, look, ok := readSettleJob(rest)
	if !ok {
		return fault.New(fault.Invalid, "%q is not a look of ours", rest)
	}
	p, err := s.payments.Announce(ctx, orderID) // whoever saved an outcome may have died before it was told
	if orderID == rest {
		checkout = p.Checkout
	}
	if fault.KindOf(err) == fault.NotFound {
		return nil // died between setting the job and saving the attempt: nothing was charged
	}
	if err != nil || p.Checkout != checkout || p.Status != payment.Pending {
		return err // ended, or another attempt: that one has a job of its own
	}
	if p, err = s.settle(ctx, p); err == nil && p.Status != payment.Pending {
		return nil
	}
	s.log.Info("a payment is still open", "order", orderID, "look", look, "error", err)
	due := s.now().Add(pause(look))
	if p.Awaits() && p.Until.After(due) {
		due = p.Until
	}
	return s.timers.Schedule(ctx, settleJob(orderID, checkout, look+1), due)
}

// settle finds out how an attempt ended, and notes it. Any number of times at once is the same as once: the card network
// does each thing under one name. It returns Unavailable while the outcome is unknown.
func (s *server) settle(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	if p.Status != payment.Pending {
		return s.payments.Announce(ctx, p.OrderID)
	}
	in, err := s.cards.Find(ctx, p)
	if errors.Is(err, errNone) {
		return s.unmade(ctx, p)
	}
	if err != nil {
		return p, unsettled(err)
	}
	return s.note(ctx, p, in)
}

// unmade sees to an attempt that the card network knows nothing of. It is made only while orders still keeps the ticket for
// it; when nobody can be about to make it any more it counts as declined.
func (s *server) unmade(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	if s.now().Sub(p.BegunAt) > lostAfter {
		return s.decline(ctx, p, neverMade)
	}
	if s.now().Sub(p.BegunAt) > madeBy {
		return p, unsettled(errNone)
	}
	if _, err := s.checkout(ctx, p.OrderID, p.UserID, p.Checkout); err != nil {
		return p, unsettled(err)
	}
	return s.charge(ctx, p)
}

const neverMade = "The payment could not be made, nothing was charged"

// charge makes an attempt. Nobody else may have begun to, or it must be known that the card network has none.
func (s *server) charge(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	in, err := s.cards.Charge(ctx, p)
	if err == nil {
		return s.note(ctx, p, in)
	}
	switch means, reason := chargeVerdict(err); means {
	case refused:
		return s.decline(ctx, p, reason)
	case person:
		s.needsPerson(p.OrderID, err.Error())
		return s.decline(ctx, p, neverMade)
	case unknown:
		if in, lost := s.cards.Find(ctx, p); lost == nil {
			return s.note(ctx, p, in)
		}
	}
	return p, unsettled(err)
}

func unsettled(err error) error {
	e := fault.Down(err, "The card network did not answer. The payment is being settled; look at the order before you pay again")
	e.RetryAfter = 5 * time.Second
	return e
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
		s.settled.Add(name)
		s.unschedule(ctx, job)
		return p, nil
	case declined:
		return s.decline(ctx, p, in.Reason)
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

// decline notes that nothing was charged, and lets the buyer try again.
func (s *server) decline(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	now, err := s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
		now.Decline(p.Attempt, reason)
		return nil
	})
	if err != nil {
		return now, err
	}
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

func (s *server) unschedule(ctx context.Context, job string) {
	if err := s.timers.Unschedule(ctx, job); err != nil {
		s.log.Info("a settled payment's job stays and will find nothing to do", "job", job, "error", err)
	}
}

// needsPerson is the line that an operator watches for (k8s/README.md): money that no repetition will put right.
func (s *server) needsPerson(orderID, why string) {
	s.log.Error("needs a person", "order", orderID, "why", why)
}
