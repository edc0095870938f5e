package events

import (
	"fmt"

	"marketplace/shared/money"
)

// Types of Payment.
const (
	PaymentCreated  = "payment.created"
	PaymentRefunded = "payment.refunded"
)

// Payment is a charge that was made, published by payments.
type Payment struct {
	ID       string `json:"id"`
	Version  int64  `json:"version"`
	OrderID  string `json:"orderId"`
	StripeID string `json:"stripeId"` // Stripe's payment intent
	Amount   Cents  `json:"amount"`
	Currency string `json:"currency"`
	Refunded bool   `json:"refunded,omitempty"` // the charge no longer stands
}

// Cents is an amount that travels in cents, as Stripe's does.
type Cents int64

// InCents makes Cents of an amount.
func InCents(a money.Amount) Cents { return Cents(a) }

func (Payment) Topic() string   { return PaymentsTopic }
func (Payment) Types() []string { return []string{PaymentCreated, PaymentRefunded} }
func (p Payment) check() error {
	if p.Amount <= 0 {
		return fmt.Errorf("amount %d is not above 0", p.Amount)
	}
	return require(p.Version, field{"id", p.ID}, field{"orderId", p.OrderID}, field{"stripeId", p.StripeID})
}
func (p Payment) describe() header {
	kind := PaymentCreated
	if p.Refunded {
		kind = PaymentRefunded
	}
	return header{kind, p.ID, edition(p.Version)}
}
