package events

import "fmt"

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
	Amount   int64  `json:"amount"`   // in the currency's smallest unit, as Stripe's
	Currency string `json:"currency"`
	Refunded bool   `json:"refunded,omitempty"` // the charge no longer stands
}

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
