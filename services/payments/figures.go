package main

import (
	"cmp"
	"slices"

	"github.com/stripe/stripe-go/v76"

	"marketplace/services/payments/payment"
	"marketplace/shared/metrics"
)

var (
	charges     = metrics.NewCounter("charges_total", "Charges that were made for an order.")
	chargedSum  = metrics.NewCounter("charged_minor_units_total", "Money that was charged for orders, in the currency's smallest unit (cents).", "currency")
	refunds     = metrics.NewCounter("refunds_total", "Charges that went back to their buyers.")
	refundedSum = metrics.NewCounter("refunded_minor_units_total", "Money that went back to buyers, in the currency's smallest unit.", "currency")
	declines    = metrics.NewCounter("declines_total",
		"Attempts to pay that ended without a charge, by code: the card network's, not_confirmed (the buyer's bank was never told to go on), not_made, other.", "code")
	persons = metrics.NewCounter("payments_needing_person_total", "Payments that no repetition puts right: each is a line in the log with what to do.")
	strays  = metrics.NewCounter("stray_charges_total", "Charges that were found to stand for no payment and were sent back.")
)

// Codes of our own.
const (
	notConfirmed = "not_confirmed"
	notMade      = "not_made"
	otherCode    = "other"
)

// codes are the card network's that are counted by name; there are dozens more, and new ones any day.
var codes = []string{
	string(stripe.ErrorCodeCardDeclined), string(stripe.ErrorCodeExpiredCard), string(stripe.ErrorCodeIncorrectCVC), string(stripe.ErrorCodeProcessingError),
	string(stripe.ErrorCodeResourceMissing), string(stripe.ErrorCodePaymentIntentAuthenticationFailure),
	string(stripe.DeclineCodeInsufficientFunds), string(stripe.DeclineCodeLostCard), string(stripe.DeclineCodeStolenCard), string(stripe.DeclineCodeFraudulent),
	string(stripe.DeclineCodeGenericDecline), string(stripe.DeclineCodeDoNotHonor), string(stripe.DeclineCodeCardVelocityExceeded), string(stripe.DeclineCodeAuthenticationRequired),
	notConfirmed, notMade,
}

// expectMoney shows sums in the one currency there is, and the commonest decline, before there are any.
func expectMoney(currency string) {
	chargedSum.Expect(currency)
	refundedSum.Expect(currency)
	declines.Expect(string(stripe.DeclineCodeGenericDecline))
}

// count counts what a change has made of a payment. Money that was returned and came back to us after all is charged no
// second time.
func count(before, after payment.Payment) {
	switch {
	case before.Status == after.Status:
	case after.Status == payment.Succeeded:
		charges.Inc()
		chargedSum.Add(float64(after.Smallest()), after.Currency)
	case after.Status == payment.Refunded:
		refunds.Inc()
		refundedSum.Add(float64(after.Smallest()), after.Currency)
	}
}

// countDecline counts an attempt that has just been noted as declined.
func countDecline(news bool, code string) {
	if !slices.Contains(codes, code) {
		code = otherCode
	}
	if news {
		declines.Inc(code)
	}
}

// codeOf is the card network's reason in one word, as exact as it says.
func codeOf(err error) string {
	e := stripeError(err)
	if e == nil {
		return otherCode
	}
	return cmp.Or(string(e.DeclineCode), string(e.Code), otherCode)
}
