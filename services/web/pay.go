package main

import (
	"net/http"
	"net/url"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
)

// card is one of Stripe's test cards.
type card struct{ Token, Name, Digits, Effect string }

// testCards are offered where no publishable key is configured, by Stripe's names for them.
var testCards = []card{
	{"pm_card_visa", "Visa", "4242", "Pays"},
	{"pm_card_mastercard", "Mastercard", "4444", "Pays"},
	{"pm_card_visa_chargeDeclined", "Visa", "0002", "Is declined"},
	{"pm_card_visa_chargeDeclinedInsufficientFunds", "Visa", "9995", "Has too little money"},
	{"pm_card_visa_chargeDeclinedExpiredCard", "Visa", "0069", "Has expired"},
	{"pm_card_visa_chargeDeclinedIncorrectCvc", "Visa", "0127", "Has a wrong security code"},
}

// pay charges the visitor's card and brings him to his ticket. A declined card leaves him where he is, to try another.
func (s *site) pay(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := s.ask(r, http.MethodPost, "/api/payments", map[string]string{"orderId": id, "token": f.Get("token")}, nil); err != nil {
		return s.orderAgain(w, r, err)
	}
	s.untilComplete(r, id)
	http.Redirect(w, r, "/orders/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// untilComplete waits a moment for orders to hear of the payment, so that the next page shows the ticket. If it takes
// longer, that page says so.
func (s *site) untilComplete(r *http.Request, id string) {
	for range 30 {
		var o events.Order
		if _, err := s.ask(r, http.MethodGet, "/api/orders/"+url.PathEscape(id), nil, &o); err != nil || o.Ended() {
			return
		}
		if !clock.Wait(r.Context(), 100*time.Millisecond) {
			return
		}
	}
}
