package main

import (
	"context"
	"errors"

	"marketplace/services/payments/payment"
)

// cards is the card network. What a call that failed means says verdictOf; errNone is no failure but an answer.
type cards interface {
	// Charge asks for the attempt's charge under the attempt's name: asking again under the same name is the same charge.
	Charge(ctx context.Context, p payment.Payment) (intent, error)
	// Find looks for the attempt and changes nothing. It returns errNone when the network knows of no such attempt.
	Find(ctx context.Context, p payment.Payment) (intent, error)
	// Cancel ends an attempt that waits for the buyer, and tells how it ended: the buyer may have been quicker.
	Cancel(ctx context.Context, stripeID string) (intent, error)
	// Look is Find by the network's own name.
	Look(ctx context.Context, stripeID string) (intent, error)
	// Refund sends the whole charge back, unless that was done before. try tells one call from the next.
	Refund(ctx context.Context, stripeID, orderID string, try int) (refund, error)
	// Refunded tells what has become of the charge's refunds. It returns errNone when nothing went back.
	Refunded(ctx context.Context, stripeID string) (refund, error)
}

var errNone = errors.New("the card network knows of none")

// intent is an attempt to charge, as the card network tells of it.
type intent struct {
	ID        string
	OrderID   string
	State     intentState
	Reason    string // why it was declined, in words for the card's owner
	Code      string // the same in one word
	ActionURL string // where the buyer has to go while it waits for him
}

type intentState int

const (
	processing intentState = iota + 1 // the network has not decided
	waiting                           // the buyer's bank wants something of him
	charged
	declined // and nothing will be charged
)

// refund is money on its way back, as the card network tells of it: the refund that covers the charge, or the latest.
type refund struct {
	ID     string
	State  refundState
	Reason string // why it failed
}

type refundState int

const (
	underWay refundState = iota + 1
	returned             // the whole charge
	inPart               // by hand, and not all of it
	failed               // the money is with us again
)
