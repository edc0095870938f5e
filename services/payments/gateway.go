package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"marketplace/services/payments/payment"
)

// orderField is where Stripe keeps the order's id beside the charge, attemptField the attempt's.
const (
	orderField   = "order_id"
	attemptField = "attempt"
)

// stripeLimit bounds one call to Stripe.
const stripeLimit = 20 * time.Second

// stripeCards implements cards. It makes no second try of its own: what an answer means stands in verdict.go.
type stripeCards struct{ api *client.API }

// newStripe talks to Stripe, or to whatever answers at base instead.
func newStripe(key, base string) stripeCards {
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: stripeLimit},
		MaxNetworkRetries: stripe.Int64(1),
		LeveledLogger:     &stripe.LeveledLogger{}, // silent: errors are returned, and it would log request bodies
	}
	if base != "" {
		config.URL = stripe.String(base)
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, config)
	return stripeCards{client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})}
}

// Charge implements cards.
func (c stripeCards) Charge(ctx context.Context, p payment.Payment) (intent, error) {
	params := &stripe.PaymentIntentParams{
		Amount:             stripe.Int64(p.Smallest()),
		Currency:           stripe.String(p.Currency),
		Confirm:            stripe.Bool(true),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		Description:        stripe.String("Order " + p.OrderID),
	}
	if p.ReturnURL != "" {
		params.ReturnURL = stripe.String(p.ReturnURL)
	} else {
		params.ErrorOnRequiresAction = stripe.Bool(true) // nobody is there to act
	}
	if isCardToken(p.Token) {
		params.PaymentMethodData = &stripe.PaymentIntentPaymentMethodDataParams{Type: stripe.String("card")}
		params.AddExtra("payment_method_data[card][token]", p.Token)
	} else {
		params.PaymentMethod = stripe.String(p.Token)
	}
	params.AddMetadata(orderField, p.OrderID)
	params.AddMetadata(attemptField, p.ChargeKey())
	params.SetIdempotencyKey(p.ChargeKey())
	params.Context = ctx
	return intentOf(c.api.PaymentIntents.New(params))
}

func isCardToken(token string) bool { return len(token) > 4 && token[:4] == "tok_" }

// findSlack is how far Stripe's clock may be from ours.
const findSlack = time.Minute

// Find implements cards: by Stripe's name of the attempt, or, where that was lost, in the list of all that were made while
// this one can have been.
func (c stripeCards) Find(ctx context.Context, p payment.Payment) (intent, error) {
	if p.StripeID != "" {
		return c.Look(ctx, p.StripeID)
	}
	params := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{
		GreaterThanOrEqual: p.BegunAt.Add(-findSlack).Unix(),
		LesserThanOrEqual:  p.BegunAt.Add(lostAfter + payLimit + findSlack).Unix(),
	}}
	params.Limit = stripe.Int64(100)
	params.Context = ctx
	list := c.api.PaymentIntents.List(params)
	for list.Next() {
		if in := list.PaymentIntent(); in.Metadata[attemptField] == p.ChargeKey() {
			return intentOf(in, nil)
		}
	}
	if err := list.Err(); err != nil {
		return intent{}, err
	}
	return intent{}, errNone
}

// Look implements cards.
func (c stripeCards) Look(ctx context.Context, stripeID string) (intent, error) {
	params := &stripe.PaymentIntentParams{}
	params.Context = ctx
	return intentOf(c.api.PaymentIntents.Get(stripeID, params))
}

// Cancel implements cards.
func (c stripeCards) Cancel(ctx context.Context, stripeID string) (intent, error) {
	params := &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String(string(stripe.PaymentIntentCancellationReasonAbandoned))}
	params.Context = ctx
	in, err := c.api.PaymentIntents.Cancel(stripeID, params)
	if e := stripeError(err); e != nil && e.Code == stripe.ErrorCodePaymentIntentUnexpectedState {
		return c.Look(ctx, stripeID)
	}
	return intentOf(in, err)
}

// notFinished is the reason of an attempt that the buyer's bank was never told to go on with.
const notFinished = "Your bank's confirmation was not finished in time, nothing was charged"

func intentOf(in *stripe.PaymentIntent, err error) (intent, error) {
	if err != nil {
		return intent{}, err
	}
	out := intent{ID: in.ID, OrderID: in.Metadata[orderField]}
	switch in.Status {
	case stripe.PaymentIntentStatusSucceeded:
		out.State = charged
	case stripe.PaymentIntentStatusProcessing:
		out.State = processing
	case stripe.PaymentIntentStatusRequiresAction:
		out.State = waiting
		if in.NextAction != nil && in.NextAction.RedirectToURL != nil { // else there is no way to do it, and its time runs out
			out.ActionURL = in.NextAction.RedirectToURL.URL
		}
	case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusCanceled:
		out.State, out.Reason, out.Code = declined, notFinished, notConfirmed
		if in.LastPaymentError != nil && in.LastPaymentError.Msg != "" {
			out.Reason, out.Code = in.LastPaymentError.Msg, codeOf(in.LastPaymentError)
		}
	default:
		return out, errors.New("payment intent " + in.ID + " is " + string(in.Status))
	}
	return out, nil
}
