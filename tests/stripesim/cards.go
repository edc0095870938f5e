package main

import "strings"

// card is one of Stripe's test cards, https://docs.stripe.com/testing: what happens when it is charged.
type card struct {
	brand, last4, funding string
	decline               *decline // why the issuer refuses; nil when it does not
	challenge             bool     // the bank wants its customer to authenticate first
}

// decline is what Stripe documents for a refused charge. Decline code is for us, message for the buyer.
type decline struct{ code, declineCode, param, message string }

const (
	declined     = "Your card was declined."
	needsConsent = "Your card was declined. This transaction requires authentication."
)

// The cards by the part of their name that pm_card_... and tok_... share.
var cards = map[string]card{
	"visa":                      {"visa", "4242", "credit", nil, false},
	"visa_debit":                {"visa", "5556", "debit", nil, false},
	"mastercard":                {"mastercard", "4444", "credit", nil, false},
	"mastercard_debit":          {"mastercard", "8210", "debit", nil, false},
	"mastercard_prepaid":        {"mastercard", "5100", "prepaid", nil, false},
	"amex":                      {"amex", "0005", "credit", nil, false},
	"discover":                  {"discover", "1117", "credit", nil, false},
	"diners":                    {"diners", "0004", "credit", nil, false},
	"jcb":                       {"jcb", "0505", "credit", nil, false},
	"unionpay":                  {"unionpay", "0005", "credit", nil, false},
	"us":                        {"visa", "4242", "credit", nil, false},
	"bypassPending":             {"visa", "0077", "credit", nil, false},
	"authenticationRequired":    {"visa", "3184", "credit", nil, true},
	"threeDSecureRequired":      {"visa", "3063", "credit", nil, true},
	"threeDSecure2Required":     {"visa", "3220", "credit", nil, true},
	"chargeCustomerFail":        {"visa", "0341", "credit", &decline{"card_declined", "generic_decline", "", declined}, false},
	"chargeDeclined":            {"visa", "0002", "credit", &decline{"card_declined", "generic_decline", "", declined}, false},
	"chargeDeclinedLostCard":    {"visa", "9987", "credit", &decline{"card_declined", "lost_card", "", declined}, false},
	"chargeDeclinedStolenCard":  {"visa", "9979", "credit", &decline{"card_declined", "stolen_card", "", declined}, false},
	"chargeDeclinedFraudulent":  {"visa", "0019", "credit", &decline{"card_declined", "fraudulent", "", declined}, false},
	"chargeDeclinedExpiredCard": {"visa", "0069", "credit", &decline{"expired_card", "", "exp_month", "Your card has expired."}, false},
	"chargeDeclinedInsufficientFunds": {"visa", "9995", "credit",
		&decline{"card_declined", "insufficient_funds", "", "Your card has insufficient funds."}, false},
	"chargeDeclinedIncorrectCvc": {"visa", "0127", "credit",
		&decline{"incorrect_cvc", "", "cvc", "Your card's security code is incorrect."}, false},
	"chargeDeclinedProcessingError": {"visa", "0119", "credit",
		&decline{"processing_error", "", "", "An error occurred while processing your card. Try again in a little bit."}, false},
	"chargeDeclinedVelocityLimitExceeded": {"visa", "6975", "credit", &decline{"card_declined", "card_velocity_exceeded", "",
		"Your card was declined for making repeated attempts too frequently or exceeding its amount limit."}, false},
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
