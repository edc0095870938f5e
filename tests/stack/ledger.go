package stack

import (
	"context"
	"fmt"
)

// An Intent is an attempt to pay, as the card network's own books have it.
type Intent struct {
	ID             string            `json:"id"`
	Amount         int64             `json:"amount"`
	Status         string            `json:"status"`
	Charged        bool              `json:"charged"`
	AmountRefunded int64             `json:"amount_refunded"`
	Metadata       map[string]string `json:"metadata"`
}

// OrderID is the order that it is for.
func (i Intent) OrderID() string { return i.Metadata["order_id"] }

// Stands tells whether money was taken and not all of it has gone back.
func (i Intent) Stands() bool { return i.Charged && i.AmountRefunded < i.Amount }

// Ledger is every attempt that the card network knows of, oldest first.
func (s *Stack) Ledger(ctx context.Context) ([]Intent, error) {
	var books struct {
		Intents []Intent `json:"intents"`
	}
	if err := ask(ctx, s.StripeURL+"/_simulator/ledger", &books); err != nil {
		return nil, fmt.Errorf("read the card network's books: %w", err)
	}
	return books.Intents, nil
}
