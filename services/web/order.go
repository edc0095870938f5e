package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// purchase is one of the visitor's orders.
type purchase struct {
	Order   order
	Receipt *receipt // nil before anybody tried to pay
	Cards   []card
	Stripe  string  // publishable key: card fields instead of test cards
	Handed  *handed // how a bought ticket is on its way; nil while that is not known
	Text    string  // what its barcode says, once it is opened
}

// order shows one of the visitor's orders as it is now: to be paid, paid, or over.
func (s *site) order(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("payment_intent") { // as Stripe sends buyers back
		return s.returned(w, r)
	}
	v, err := s.purchase(w, r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "order", v)
}

func (s *site) purchase(w http.ResponseWriter, r *http.Request) (view, error) {
	data := purchase{Cards: testCards, Stripe: s.stripe}
	id := url.PathEscape(r.PathValue("id"))
	if err := s.signedIn(r); err != nil {
		return view{}, err
	}
	if _, err := s.ask(r, http.MethodGet, "/api/orders/"+id, nil, &data.Order); err != nil {
		return view{}, err
	}
	var paid receipt
	switch _, err := s.ask(r, http.MethodGet, "/api/payments/"+id, nil, &paid); {
	case err == nil:
		data.Receipt = &paid
	case fault.KindOf(err) != fault.NotFound:
		return view{}, err
	}
	if s.stripe != "" && !data.Order.Ended() {
		w.Header().Set("Content-Security-Policy", policyWithStripe)
	}
	data.Handed, data.Text = s.handedOver(r, data.Order)
	return view{Title: titles[data.Order.Status] + data.Order.Ticket.Title, Data: data}, nil
}

var titles = map[status]string{
	created:   "Checkout: ",
	awaiting:  "Checkout: ",
	complete:  "Your ticket: ",
	refunded:  "Refunded: ",
	cancelled: "Ended: ",
}

// orders lists the visitor's orders, newest first.
func (s *site) orders(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data struct {
		Orders []order
		Pages  pages
	}
	header, err := s.ask(r, http.MethodGet, "/api/orders?"+atCursor(r, url.Values{"sort": {"new"}}), nil, &data.Orders)
	if isBadPage(r, err) {
		return fromTheStart(w, r)
	}
	if err != nil {
		return err
	}
	data.Pages = pagesOf(r, header)
	return s.show(w, r, http.StatusOK, "orders", view{Title: "My orders", Data: data})
}

// Settling tells that the money is being seen to, or was, and orders has not heard the outcome yet: not the time to pay.
func (p purchase) Settling() bool {
	return !p.Order.Ended() && p.Receipt != nil && (p.Receipt.Status == "pending" && p.Receipt.Action == nil || p.Receipt.Status == "succeeded")
}

// Confirming tells that the card's bank waits for the visitor.
func (p purchase) Confirming() bool {
	return !p.Order.Ended() && p.Receipt != nil && p.Receipt.Status == "pending" && p.Receipt.Action != nil
}

// Until is when the time to pay, or to answer the bank, is over.
func (p purchase) Until() clock.Time {
	if p.Confirming() && !p.Receipt.Action.Until.IsZero() {
		return p.Receipt.Action.Until
	}
	return p.Order.ExpiresAt
}

// Declined is why the latest card was refused, "" when it was not.
func (p purchase) Declined() string {
	if p.Receipt == nil || p.Receipt.Status != "declined" {
		return ""
	}
	return p.Receipt.Reason
}

const refusedCard = "A card was refused: "

// step is one thing that happened to an order.
type step struct {
	What string
	When clock.Time // zero: not known
}

// History tells an order's story so far.
func (p purchase) History() []step {
	steps := []step{{"You reserved the ticket", p.Order.PlacedAt}}
	if r := p.Receipt; r != nil {
		for _, d := range r.Earlier {
			steps = append(steps, step{refusedCard + d.Reason, d.BegunAt})
		}
		switch r.Status {
		case "pending":
			what := "Your payment is under way"
			if r.Action != nil {
				what = "Your bank was asked whether it is you"
			}
			steps = append(steps, step{what, r.BegunAt})
		case "declined":
			steps = append(steps, step{refusedCard + r.Reason, r.BegunAt})
		default:
			steps = append(steps, step{"Your card was charged", r.BegunAt})
		}
	}
	steps = append(steps, p.Handed.steps()...)
	if p.Order.Status == cancelled {
		if p.Order.Reason == "expired" {
			steps = append(steps, step{"The time to pay ran out", p.Order.ExpiresAt})
		} else {
			steps = append(steps, step{"You gave the ticket back", p.Order.EndedAt})
		}
	}
	if r := p.Receipt; r != nil && r.Status == "refunding" {
		steps = append(steps, step{"Your money is on its way back", clock.Time{}})
	}
	if r := p.Receipt; r != nil && r.Status == "refunded" {
		steps = append(steps, step{"Your money was returned", r.RefundedAt})
	}
	return steps
}
