package main

import (
	"net/http"
	"net/url"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// card is one of Stripe's test cards.
type card struct{ Token, Name, Digits, Effect string }

// testCards are offered where no publishable key is configured, by Stripe's names for them.
var testCards = []card{
	{"pm_card_visa", "Visa", "4242", "Pays"},
	{"pm_card_mastercard", "Mastercard", "4444", "Pays"},
	{"pm_card_authenticationRequired", "Visa", "3184", "Its bank asks first"},
	{"pm_card_threeDSecure2Required", "Visa", "3220", "Its bank asks first"},
	{"pm_card_visa_chargeDeclined", "Visa", "0002", "Is declined"},
	{"pm_card_visa_chargeDeclinedInsufficientFunds", "Visa", "9995", "Has too little money"},
	{"pm_card_visa_chargeDeclinedExpiredCard", "Visa", "0069", "Has expired"},
	{"pm_card_visa_chargeDeclinedIncorrectCvc", "Visa", "0127", "Has a wrong security code"},
}

// pay charges the visitor's card and leads back to the order's page, which tells what became of it: the ticket, a bank that
// wants to confirm, or a declined card. A reload there pays nothing.
func (s *site) pay(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	path := "/orders/" + url.PathEscape(id)
	var paid struct{ Status string }
	in := map[string]string{"orderId": id, "token": f.Get("token"), "returnUrl": s.address(r, path)}
	if _, err := s.ask(r, http.MethodPost, "/api/payments", in, &paid); err != nil {
		return s.unpaid(w, r, path, err)
	}
	if paid.Status != requiresAction {
		s.untilComplete(r, id)
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// requiresAction is the answer to a payment that the card's bank wants to confirm.
const requiresAction = "requires_action"

// unpaid leads to the order's page. It passes the refusal on unless that page says by itself why nothing was paid.
func (s *site) unpaid(w http.ResponseWriter, r *http.Request, path string, refusal error) error {
	v, err := s.purchase(w, r)
	if err != nil {
		return err
	}
	data := v.Data.(purchase)
	words, _ := fault.Public(refusal)
	if fault.KindOf(refusal) == fault.Refused && (data.Order.Ended() || data.Declined() != "" && data.Declined() == words[0].Message) {
		http.Redirect(w, r, path, http.StatusSeeOther)
		return nil
	}
	return s.leadBack(w, r, path, refusal)
}

// address is a page's whole address, as the visitor's browser knows us.
func (s *site) address(r *http.Request, path string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: path}
	if s.https {
		u.Scheme = "https"
	}
	return u.String()
}

// returned brings a visitor who was at his bank back to the order's page, once it is known how that ended. The card network
// has put secrets into the address; they go.
func (s *site) returned(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	s.untilSettled(r, id)
	http.Redirect(w, r, "/orders/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// untilSettled waits a moment for a payment to end. One that still wants something of the visitor is not waited for.
func (s *site) untilSettled(r *http.Request, id string) {
	for range 30 {
		var paid receipt
		if _, err := s.ask(r, http.MethodGet, "/api/payments/"+url.PathEscape(id), nil, &paid); err != nil {
			return
		}
		if paid.Status == "succeeded" {
			s.untilComplete(r, id)
		}
		if paid.Status != "pending" || paid.Action != nil || !clock.Wait(r.Context(), 100*time.Millisecond) {
			return
		}
	}
}

// untilComplete waits a moment for orders to hear of the payment, so that the next page shows the ticket. If it takes
// longer, that page says so.
func (s *site) untilComplete(r *http.Request, id string) {
	for range 30 {
		var o order
		if _, err := s.ask(r, http.MethodGet, "/api/orders/"+url.PathEscape(id), nil, &o); err != nil || o.Ended() {
			return
		}
		if !clock.Wait(r.Context(), 100*time.Millisecond) {
			return
		}
	}
}
