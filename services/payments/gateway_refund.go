package main

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

// Refund implements cards. Stripe returns no more than was charged, so asking under many names sends nothing back twice;
// under one name it would repeat a failure for a day.
func (c stripeCards) Refund(ctx context.Context, stripeID, orderID string, try int) (refund, error) {
	params := &stripe.RefundParams{PaymentIntent: stripe.String(stripeID), Reason: stripe.String(string(stripe.RefundReasonRequestedByCustomer))}
	params.AddMetadata(orderField, orderID)
	params.SetIdempotencyKey(fmt.Sprintf("refund-%s-%d", stripeID, try))
	params.Context = ctx
	made, err := c.api.Refunds.New(params)
	if err != nil {
		return refund{}, err
	}
	return refundOf(made), nil
}

// Refunded implements cards.
func (c stripeCards) Refunded(ctx context.Context, stripeID string) (refund, error) {
	whole := &stripe.PaymentIntentParams{}
	whole.Context = ctx
	in, err := c.api.PaymentIntents.Get(stripeID, whole)
	if err != nil {
		return refund{}, err
	}
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(stripeID)}
	params.Limit = stripe.Int64(100)
	params.Context = ctx
	var back int64
	var returnedBy, latest *stripe.Refund // the latest first
	list := c.api.Refunds.List(params)
	for list.Next() {
		r := list.Refund()
		if latest == nil {
			latest = r
		}
		if r.Status == stripe.RefundStatusSucceeded {
			back += r.Amount
			if returnedBy == nil {
				returnedBy = r
			}
		}
	}
	switch {
	case list.Err() != nil:
		return refund{}, list.Err()
	case latest == nil:
		return refund{}, errNone
	case returnedBy != nil && back >= in.AmountReceived:
		return refundOf(returnedBy), nil
	case refundOf(latest).State != returned:
		return refundOf(latest), nil
	}
	return refund{ID: returnedBy.ID, State: inPart}, nil
}

func refundOf(r *stripe.Refund) refund {
	out := refund{ID: r.ID}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		out.State = returned
	case stripe.RefundStatusPending:
		out.State = underWay
	default:
		out.State, out.Reason = failed, fmt.Sprintf("refund %s is %s: %s", r.ID, r.Status, r.FailureReason)
	}
	return out
}
