package main

import "strings"

// card is one of Stripe's test cards, https://docs.stripe.com/testing: what happens when it is charged.
type card struct {
	face
	challenge bool     // the bank wants its customer to authenticate first
	slow      bool     // the answer is processing, and the outcome comes later
	decline   *decline // why the issuer refuses; nil when it does not
	refund    refunding
	disputed  bool // its owner disputes the charge a while after it
}

type face struct{ brand, last4, funding string }

// decline is what Stripe documents for a refused charge. Decline code is for us, message for the buyer.
type decline struct{ code, declineCode, param, message string }

// refunding is what a refund of the card is at first, and what it becomes after a while. Empty: it succeeds, and that is it.
type refunding struct{ first, then string }

const (
	declined     = "Your card was declined."
	needsConsent = "Your card was declined. This transaction requires authentication."
	tooLittle    = "Your card has insufficient funds."
)

func visa(last4 string) face { return face{"visa", last4, "credit"} }

// The cards by the part of their name that pm_card_... and tok_... share.
var cards = map[string]card{
	"visa":               {face: visa("4242")},
	"visa_debit":         {face: face{"visa", "5556", "debit"}},
	"mastercard":         {face: face{"mastercard", "4444", "credit"}},
	"mastercard_debit":   {face: face{"mastercard", "8210", "debit"}},
	"mastercard_prepaid": {face: face{"mastercard", "5100", "prepaid"}},
	"amex":               {face: face{"amex", "0005", "credit"}},
	"discover":           {face: face{"discover", "1117", "credit"}},
	"diners":             {face: face{"diners", "0004", "credit"}},
	"jcb":                {face: face{"jcb", "0505", "credit"}},
	"unionpay":           {face: face{"unionpay", "0005", "credit"}},
	"us":                 {face: visa("4242")},
	"bypassPending":      {face: visa("0077")},

	"authenticationRequired": {face: visa("3184"), challenge: true},
	"threeDSecureRequired":   {face: visa("3063"), challenge: true},
	"threeDSecure2Required":  {face: visa("3220"), challenge: true},
	"authenticationRequiredChargeDeclinedInsufficientFunds": {face: visa("3178"), challenge: true,
		decline: &decline{"card_declined", "insufficient_funds", "", tooLittle}},
	"threeDSecureRequiredChargeDeclined": {face: visa("1629"), challenge: true,
		decline: &decline{"card_declined", "generic_decline", "", declined}},

	"chargeCustomerFail":              {face: visa("0341"), decline: &decline{"card_declined", "generic_decline", "", declined}},
	"chargeDeclined":                  {face: visa("0002"), decline: &decline{"card_declined", "generic_decline", "", declined}},
	"chargeDeclinedLostCard":          {face: visa("9987"), decline: &decline{"card_declined", "lost_card", "", declined}},
	"chargeDeclinedStolenCard":        {face: visa("9979"), decline: &decline{"card_declined", "stolen_card", "", declined}},
	"chargeDeclinedFraudulent":        {face: visa("0019"), decline: &decline{"card_declined", "fraudulent", "", declined}},
	"chargeDeclinedExpiredCard":       {face: visa("0069"), decline: &decline{"expired_card", "", "exp_month", "Your card has expired."}},
	"chargeDeclinedInsufficientFunds": {face: visa("9995"), decline: &decline{"card_declined", "insufficient_funds", "", tooLittle}},
	"chargeDeclinedIncorrectCvc": {face: visa("0127"),
		decline: &decline{"incorrect_cvc", "", "cvc", "Your card's security code is incorrect."}},
	"chargeDeclinedProcessingError": {face: visa("0119"),
		decline: &decline{"processing_error", "", "", "An error occurred while processing your card. Try again in a little bit."}},
	"chargeDeclinedVelocityLimitExceeded": {face: visa("6975"), decline: &decline{"card_declined", "card_velocity_exceeded", "",
		"Your card was declined for making repeated attempts too frequently or exceeding its amount limit."}},

	"pendingRefund": {face: visa("7726"), refund: refunding{"pending", "succeeded"}},
	"refundFail":    {face: visa("5126"), refund: refunding{"succeeded", "failed"}},
	"createDispute": {face: visa("0259"), disputed: true},

	// Ours. Stripe's own test cards never do this, its real ones may.
	"processing":           {face: visa("4242"), slow: true},
	"processingDeclined":   {face: visa("0002"), slow: true, decline: &decline{"card_declined", "generic_decline", "", declined}},
	"refundRequiresAction": {face: visa("4242"), refund: refunding{"requires_action", ""}},
}

// cardName finds the test card behind pm_card_x or tok_x. Several declining cards have two names at
// Stripe, with and without visa_.
func cardName(id, prefix string) (name string, ok bool) {
	name, ok = strings.CutPrefix(id, prefix)
	if rest, visa := strings.CutPrefix(name, "visa_"); visa && strings.HasPrefix(rest, "chargeDeclined") {
		name = rest
	}
	_, known := cards[name]
	return name, ok && known
}

// chosenCard reads which card the call pays with, and refuses what Stripe does not know. Empty for none.
func chosenCard(p *params) (string, *apiError) {
	if id := p.Get("payment_method"); id != "" {
		if p.Has("payment_method_data[type]") {
			return "", invalidParam("", "payment_method_data", "You may only specify one of these parameters: payment_method, payment_method_data.")
		}
		if name, ok := cardName(id, "pm_card_"); ok {
			return name, nil
		}
		return "", missing(400, "PaymentMethod", id, "payment_method")
	}
	token := p.Get("payment_method_data[card][token]")
	if token == "" && !p.Has("payment_method_data[type]") {
		return "", nil
	}
	if p.oneOf("payment_method_data[type]", "card"); p.err != nil {
		return "", p.err
	}
	if p.require("payment_method_data[type]", "payment_method_data[card][token]"); p.err != nil {
		return "", p.err
	}
	if name, ok := cardName(token, "tok_"); ok {
		return name, nil
	}
	return "", missing(400, "token", token, "payment_method_data[card][token]")
}
