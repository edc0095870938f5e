package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"marketplace/services/payments/payment"
)

// cards is the card network. Each call may be repeated: the payment's own keys make it happen once.
type cards interface {
	// Charge returns Stripe's id of the charge. It returns *decline when nothing was charged nor will be, errLost when
	// the network failed and knows of no charge; after any other error the outcome is unknown.
	Charge(ctx context.Context, p payment.Payment) (string, error)
	// Refund returns Stripe's id of the refund.
	Refund(ctx context.Context, p payment.Payment) (string, error)
}

// decline is the card network's no, in its own words for the card's owner.
type decline struct{ reason string }

func (d *decline) Error() string { return "declined: " + d.reason }

var errLost = errors.New("the card network failed and knows of no charge")

// orderField is where Stripe keeps the order's id beside the charge, attemptField the attempt's.
const (
	orderField   = "order_id"
	attemptField = "attempt"
)

// stripeLimit bounds one call to Stripe.
const stripeLimit = 20 * time.Second

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
func (c stripeCards) Charge(ctx context.Context, p payment.Payment) (string, error) {
	params := &stripe.PaymentIntentParams{
		Amount:                stripe.Int64(int64(p.Amount)),
		Currency:              stripe.String(p.Currency),
		Confirm:               stripe.Bool(true),
		ErrorOnRequiresAction: stripe.Bool(true), // nobody is there to act
		PaymentMethodTypes:    stripe.StringSlice([]string{"card"}),
		Description:           stripe.String("Order " + p.OrderID),
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
	intent, err := c.api.PaymentIntents.New(params)
	if err != nil {
		return c.explain(ctx, p, err)
	}
	return chargeOf(intent)
}

func isCardToken(token string) bool { return len(token) > 4 && token[:4] == "tok_" }

func chargeOf(intent *stripe.PaymentIntent) (string, error) {
	if intent.Status == stripe.PaymentIntentStatusSucceeded {
		return intent.ID, nil
	}
	return "", fmt.Errorf("payment intent %s is %s", intent.ID, intent.Status)
}

// explain says what an error of Stripe's means for the charge.
func (c stripeCards) explain(ctx context.Context, p payment.Payment, err error) (string, error) {
	var e *stripe.Error
	if !errors.As(err, &e) {
		return "", err // no answer: unknown
	}
	switch {
	case e.Type == stripe.ErrorTypeCard:
		return "", &decline{e.Msg}
	case e.Type == stripe.ErrorTypeInvalidRequest && (e.HTTPStatusCode == http.StatusBadRequest || e.HTTPStatusCode == http.StatusNotFound):
		return "", &decline{e.Msg} // an unknown card, say
	case e.HTTPStatusCode >= http.StatusInternalServerError:
		return c.find(ctx, p) // the same key would get the same failure again, for a day
	}
	return "", err
}

// find looks for the attempt among Stripe's latest payment intents.
func (c stripeCards) find(ctx context.Context, p payment.Payment) (string, error) {
	params := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: p.BegunAt.Add(-time.Minute).Unix()}}
	params.Limit = stripe.Int64(100)
	params.Context = ctx
	list := c.api.PaymentIntents.List(params)
	for list.Next() {
		intent := list.PaymentIntent()
		if intent.Metadata[attemptField] != p.ChargeKey() {
			continue
		}
		if intent.Status == stripe.PaymentIntentStatusRequiresPaymentMethod && intent.LastPaymentError != nil {
			return "", &decline{intent.LastPaymentError.Msg}
		}
		return chargeOf(intent)
	}
	if err := list.Err(); err != nil {
		return "", err
	}
	return "", errLost
}

// Refund implements cards.
func (c stripeCards) Refund(ctx context.Context, p payment.Payment) (string, error) {
	params := &stripe.RefundParams{PaymentIntent: stripe.String(p.StripeID), Reason: stripe.String(string(stripe.RefundReasonRequestedByCustomer))}
	params.AddMetadata(orderField, p.OrderID)
	params.SetIdempotencyKey(p.RefundKey())
	params.Context = ctx
	refund, err := c.api.Refunds.New(params)
	var e *stripe.Error
	if errors.As(err, &e) && e.Code == stripe.ErrorCodeChargeAlreadyRefunded {
		return p.RefundID, nil // by hand, or by an answer that was lost
	}
	if err != nil {
		return "", err
	}
	return refund.ID, nil
}
