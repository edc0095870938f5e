package main

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// timerPrefix begins the name of every timer.
const timerPrefix = "order-"

// latest is the last millisecond that an event can carry, at the end of the year 9999.
const latest = 253402300799999

// timer names the job for one deadline of one order. A deadline that moves gets a timer of its own, so events may come
// in any order: none can put an older deadline in place of a newer one. The timer left behind rings for nothing.
func timer(orderID string, deadline time.Time) string {
	return timerPrefix + timerRest(orderID, deadline)
}

func timerRest(orderID string, deadline time.Time) string {
	return orderID + "." + strconv.FormatInt(deadline.UnixMilli(), 10)
}

// onOrder sets a timer for a live order and takes back that of an ended one.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	name := timer(o.ID, o.ExpiresAt.Time)
	if o.Ended() {
		trace.Is(ctx, "take timer back")
		return s.timers.Unschedule(ctx, name)
	}
	trace.Is(ctx, "set timer")
	return s.timers.Schedule(ctx, name, o.ExpiresAt.Time)
}

// onTime announces that a deadline has passed. Orders decides what that means.
func (s *server) onTime(ctx context.Context, rest string) error {
	orderID, millis, _ := strings.Cut(rest, ".")
	deadline, err := strconv.ParseInt(millis, 10, 64)
	if err != nil || orderID == "" || deadline <= 0 || deadline > latest {
		return fault.New(fault.Invalid, "%q is not a timer of ours", rest)
	}
	trace.Is(ctx, "time is up", trace.Order(orderID))
	e := events.New(events.Expiration{OrderID: orderID, ExpiresAt: clock.At(time.UnixMilli(deadline))})
	e.ID += "/" + rand.Text()[:8] // a deadline that moved out and back rings again: news, where a broker would see a repetition
	return s.publisher.Publish(ctx, e)
}
