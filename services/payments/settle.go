package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"marketplace/services/payments/payment"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
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

// tooLong is the look, or the try, at which somebody is told that there is no end: after about three quarters of an hour.
const tooLong = 12

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
	trace.Is(ctx, "settle", trace.Order(orderID))
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
	if look == tooLong {
		if err := s.needsPerson(ctx, payment.Open, orderID, "", p.ChargeKey(), "The card network has not said for long whether it has charged: "+sayable(err)); err != nil {
			return err
		}
	}
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
		return s.decline(ctx, p, neverMade, notMade)
	}
	if s.now().Sub(p.BegunAt) > madeBy {
		return p, unsettled(errNone)
	}
	if _, err := s.checkout(ctx, p.OrderID, p.UserID, p.Checkout); err != nil {
		return p, unsettled(err)
	}
	return s.charge(ctx, p)
}

func unsettled(err error) error {
	e := fault.Down(err, "The card network did not answer. The payment is being settled; look at the order before you pay again")
	e.RetryAfter = 5 * time.Second
	return e
}

func (s *server) unschedule(ctx context.Context, job string) {
	if err := s.timers.Unschedule(ctx, job); err != nil {
		s.log.Info("a settled payment's job stays and will find nothing to do", "job", job, "error", err)
	}
}
