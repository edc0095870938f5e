package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// verdict is what an answer of Stripe's that is no success means for what was asked.
type verdict int

const (
	unknown verdict = iota // whether it was done nobody knows: look for it, with growing pauses
	later                  // it was not done; ask again, with growing pauses
	refused                // it was not done, nor will be; Stripe says why in words for the card's owner
	done                   // it was done before
	person                 // it was not done, and asking again cannot help: a person must see to it
)

// answers is every class of Stripe's answers and its meaning for a charge and for a refund. The first that fits counts.
// https://docs.stripe.com/error-codes, https://docs.stripe.com/error-low-level
var answers = []struct {
	name           string
	is             func(*stripe.Error) bool
	charge, refund verdict
}{
	{"our key is not accepted", status(http.StatusUnauthorized, http.StatusForbidden), person, later},
	{"too many requests", status(http.StatusTooManyRequests), later, later},
	{"locked by another request", code(stripe.ErrorCodeLockTimeout), later, later},
	{"the same request is under way", code(stripe.ErrorCodeIdempotencyKeyInUse), unknown, later},
	{"the name was used for another request", kind(stripe.ErrorTypeIdempotency), unknown, later}, // a refund's next try has another
	{"the request under this name conflicts", status(http.StatusConflict), unknown, later},
	{"the charge went back before", code(stripe.ErrorCodeChargeAlreadyRefunded), unknown, done},
	{"the charge is disputed", code(stripe.ErrorCodeChargeDisputed, stripe.ErrorCodeRefundDisputedPayment), unknown, person},
	{"not enough money to return", code(stripe.ErrorCodeBalanceInsufficient), unknown, later},
	{"the card was refused", kind(stripe.ErrorTypeCard), refused, person},
	{"there is no such card, or the request is wrong", status(http.StatusBadRequest, http.StatusNotFound), refused, person},
	{"Stripe failed", serverError, unknown, later}, // and would for a day under the same name
	{"anything else", func(*stripe.Error) bool { return true }, unknown, later},
}

// chargeVerdict is what err means for a charge, and the reason for the card's owner. No answer at all is unknown.
func chargeVerdict(err error) (verdict, string) {
	for _, a := range answers {
		if e := stripeError(err); e != nil && a.is(e) {
			return a.charge, e.Msg
		}
	}
	return unknown, ""
}

// refundVerdict is what err means for a refund. Not to know is to ask again: nothing goes back twice.
func refundVerdict(err error) verdict {
	for _, a := range answers {
		if e := stripeError(err); e != nil && a.is(e) {
			return a.refund
		}
	}
	return later
}

func stripeError(err error) *stripe.Error {
	var e *stripe.Error
	errors.As(err, &e)
	return e
}

func status(those ...int) func(*stripe.Error) bool {
	return func(e *stripe.Error) bool { return slices.Contains(those, e.HTTPStatusCode) }
}

func code(those ...stripe.ErrorCode) func(*stripe.Error) bool {
	return func(e *stripe.Error) bool { return slices.Contains(those, e.Code) }
}

func kind(those ...stripe.ErrorType) func(*stripe.Error) bool {
	return func(e *stripe.Error) bool { return slices.Contains(those, e.Type) }
}

func serverError(e *stripe.Error) bool { return e.HTTPStatusCode >= http.StatusInternalServerError }
