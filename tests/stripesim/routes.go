package main

import (
	"net/http"
	"slices"
)

// The parameters of our calls. A trailing [*] stands for any index or key.
var (
	toCreate = []string{"amount", "currency", "confirm", "description", "metadata[*]", "payment_method_types[*]", "capture_method",
		"automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]", "statement_descriptor_suffix"}
	howToPay = []string{"payment_method", "payment_method_data[type]", "payment_method_data[card][token]",
		"error_on_requires_action", "off_session", "return_url", "receipt_email"}
	toRefund = []string{"payment_intent", "charge", "amount", "reason", "metadata[*]"}
	ofWhat   = []string{"payment_intent", "charge"}
	paging   = []string{"limit", "starting_after", "ending_before", "created", "created[*]"}
)

// routes lists every way in.
func (s *simulator) routes() http.Handler {
	mux := http.NewServeMux()

	// Stripe's API, for holders of the secret key. POSTs are safe to repeat under their Idempotency-Key.
	// Each row: the endpoint, what expand[] may name, and the parameters it takes.
	for pattern, do := range map[string]endpoint{
		"POST /v1/payment_intents":              takes(s.createIntent, "latest_charge", slices.Concat(toCreate, howToPay)...),
		"GET /v1/payment_intents":               takes(s.listIntents, "data.latest_charge", paging...),
		"GET /v1/payment_intents/{id}":          takes(s.showIntent, "latest_charge"),
		"POST /v1/payment_intents/{id}/confirm": takes(s.confirmIntent, "latest_charge", howToPay...),
		"POST /v1/payment_intents/{id}/cancel":  takes(s.cancelIntent, "latest_charge", "cancellation_reason"),
		"GET /v1/charges/{id}":                  takes(s.showCharge, "payment_intent"),
		"POST /v1/refunds":                      takes(s.createRefund, "charge payment_intent", toRefund...),
		"GET /v1/refunds":                       takes(s.listRefunds, "data.charge data.payment_intent", slices.Concat(ofWhat, paging)...),
		"GET /v1/refunds/{id}":                  takes(s.showRefund, "charge payment_intent"),
		"/":                                     unrecognized,
	} {
		mux.Handle(pattern, s.api(do))
	}

	// The bank of a card that wants authentication, for the card's owner. Only its address leads there; a second answer changes nothing.
	mux.HandleFunc("GET /3d_secure/{id}/{source}", s.showChallenge)
	mux.HandleFunc("POST /3d_secure/{id}/{source}", s.answerChallenge)

	// For tests and checkers only; Stripe has nothing like it. No key: we listen on loopback only.
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {}) // 200 once it serves
	mux.HandleFunc("GET /_simulator/ledger", s.showLedger)                      // the books, to compare with ours
	mux.HandleFunc("POST /_simulator/faults", s.addFault)                       // script a fault, see faults.go
	mux.HandleFunc("DELETE /_simulator/faults", s.clearFaults)
	mux.HandleFunc("POST /_simulator/later", s.hurry) // what was to happen later happens now
	mux.HandleFunc("/_simulator/", http.NotFound)
	return mux
}

// unrecognized is Stripe's answer to a URL it does not have, and ours to one we do not simulate.
func unrecognized(c *call) (any, *apiError) {
	return nil, &apiError{status: http.StatusNotFound, early: true, Type: "invalid_request_error",
		Message: "Unrecognized request URL (" + c.r.Method + ": " + c.r.URL.Path + "). " +
			"Please see https://stripe.com/docs or we can help at https://support.stripe.com/."}
}
