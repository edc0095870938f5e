package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"marketplace/services/mail/letter"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// holdPrefix begins the name of the job that rings before the end of a hold. Each deadline has its own, as in expiration.
const holdPrefix = "hold-"

func holdJob(o events.Order) string {
	return holdPrefix + o.ID + "." + strconv.FormatInt(o.ExpiresAt.UnixMilli(), 10)
}

// ofBefore is how long ago an order's time to pay ended that does not name its seller, and is of before there was mail.
const ofBefore = 6 * time.Hour

// onOrder tells people what happened to an order, and sees to it that a hold does not end unnoticed. What happened before there
// was mail is no news, though some brokers bring it.
func (s *server) onOrder(ctx context.Context, o events.Order) error {
	if o.Ticket.SellerID == "" && s.now().Sub(o.ExpiresAt.Time) > ofBefore {
		return nil
	}
	if ring := o.ExpiresAt.Add(-s.warning); s.warning > 0 && s.way.there() && ring.After(s.now()) { // else too short a hold to warn of
		set := s.timers.Schedule
		if o.Ended() {
			set = func(ctx context.Context, name string, _ time.Time) error { return s.timers.Unschedule(ctx, name) }
		}
		if err := set(ctx, holdJob(o), ring); err != nil {
			return err
		}
	}
	return s.promise(ctx, letter.OfOrder(o))
}

// onHoldEnding warns the buyer, unless orders says that there is nothing to warn of: paid, given back, moved, or being paid.
func (s *server) onHoldEnding(ctx context.Context, rest string) error {
	orderID, millis, _ := strings.Cut(rest, ".")
	deadline, err := strconv.ParseInt(millis, 10, 64)
	if err != nil || orderID == "" {
		return fault.New(fault.Invalid, "%q is not a hold of ours", rest)
	}
	var o events.Order
	switch err := s.services.Invoke(ctx, "orders", http.MethodGet, "/internal/orders/"+url.PathEscape(orderID), nil, &o); fault.KindOf(err) {
	case fault.NotFound, fault.Refused:
		return nil
	default:
		if err != nil {
			return err
		}
	}
	if o.Status != events.StatusCreated || o.ExpiresAt.UnixMilli() != deadline || !s.now().Before(o.ExpiresAt.Time) {
		return nil
	}
	return s.promise(ctx, []letter.News{{Kind: letter.HoldEnding, To: o.UserID, Order: &o}})
}
