package events

import (
	"errors"
	"strconv"

	"marketplace/shared/clock"
)

// ExpirationComplete is the type of Expiration.
const ExpirationComplete = "expiration.complete"

// Expiration says that an order's time to pay is over, published by expiration. It may come early or twice, or for an
// order whose deadline has moved: orders decides by its own clock.
type Expiration struct {
	OrderID   string     `json:"orderId"`
	ExpiresAt clock.Time `json:"expiresAt"` // the deadline that passed
}

func (Expiration) Topic() string   { return ExpirationsTopic }
func (Expiration) Types() []string { return []string{ExpirationComplete} }
func (e Expiration) check() error {
	if e.OrderID == "" || e.ExpiresAt.IsZero() {
		return errors.New("orderId and expiresAt are required")
	}
	return nil
}
func (e Expiration) describe() header {
	return header{ExpirationComplete, e.OrderID, strconv.FormatInt(e.ExpiresAt.UnixMilli(), 10)}
}
