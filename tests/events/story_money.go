package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// intent is one in the books of the card network's stand-in.
type intent struct {
	ID       string            `json:"id"`
	Metadata map[string]string `json:"metadata"`
	Charges  []struct {
		ID, Status, Currency string
		Amount, Created      int64
		Failure              string `json:"failure_message"`
	} `json:"charges"`
	Refunds []struct {
		ID, Status, Currency string
		Amount, Created      int64
	} `json:"refunds"`
}

var errStripe = errors.New("look for the order's id at Stripe, in the metadata order_id")

func (m *market) intents(ctx context.Context) ([]intent, error) {
	if m.stripe == "" {
		return nil, errStripe
	}
	var books struct{ Intents []intent }
	err := ask(ctx, m.stripe+"/_simulator/ledger", &books)
	return books.Intents, err
}

// showBooks tells what the card network did about an order, or the orders of a ticket. Its clock knows whole seconds.
func (m *market) showBooks(ctx context.Context, b *bench, id string) {
	intents, err := m.intents(ctx)
	if err != nil {
		fmt.Fprintln(b.out, "card network:", err)
		return
	}
	entry := func(at int64, text string, args ...any) {
		fmt.Fprintf(b.out, "card network, %s: %s\n", time.Unix(at, 0).Local().Format(time.DateTime), fmt.Sprintf(text, args...))
	}
	found := false
	for _, in := range intents {
		if order := in.Metadata["order_id"]; order != id && !strings.HasPrefix(order, id+"-") {
			continue
		}
		found = true
		for _, c := range in.Charges {
			if c.Failure != "" {
				c.Status += ", " + c.Failure
			}
			entry(c.Created, "charge %s of %d %s (%s) %s", c.ID, c.Amount, c.Currency, in.ID, c.Status)
		}
		for _, r := range in.Refunds {
			entry(r.Created, "refund %s of %d %s (%s) %s", r.ID, r.Amount, r.Currency, in.ID, r.Status)
		}
	}
	if !found {
		fmt.Fprintln(b.out, "card network: knows of none")
	}
}
