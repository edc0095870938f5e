package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// payLimit is how long a buyer waits for the card network. What is not settled by then settles itself later.
const payLimit = 30 * time.Second

// request is what a buyer sends.
type request struct {
	OrderID   string `json:"orderId"`
	Token     string `json:"token"`     // a Stripe payment method or card token
	ReturnURL string `json:"returnUrl"` // optional: where his bank sends him back to; without one a card that needs its bank's word is refused
}

// unpaid is the answer to a payment that waits for the buyer.
type unpaid struct {
	ID     string  `json:"id"`
	Status string  `json:"status"` // requires_action
	Action *action `json:"action"`
}

// pay charges for an order, exactly once. Repeating it answers the same again.
func (s *server) pay(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	in, err := readPay(w, r)
	if err != nil {
		return err
	}
	trace.Is(r.Context(), "pay", trace.Order(in.OrderID))
	ctx, cancel := context.WithTimeout(r.Context(), payLimit)
	defer cancel()
	p, err := s.attempt(ctx, buyer, in)
	if err != nil && !errors.Is(err, dapr.ErrUnannounced) {
		return err
	}
	switch {
	case p.Status == payment.Succeeded: // announced or not: the job sees to that
		return api.Created(w, "/api/payments/"+p.OrderID, map[string]string{"id": p.ID})
	case p.Awaits():
		return api.Write(w, http.StatusAccepted, unpaid{p.ID, "requires_action", actionOf(p)})
	case p.Status == payment.Declined:
		return fault.New(fault.Refused, "%s", p.Reason).Named(fault.CardDeclined)
	case p.Status == payment.Pending:
		return unsettled(errors.New("the card network has not decided"))
	}
	return fault.New(fault.Refused, "Cannot pay for a cancelled order").Named(fault.OrderCancelled)
}

func readPay(w http.ResponseWriter, r *http.Request) (request, error) {
	var in request
	if err := api.Read(w, r, &in); err != nil {
		return in, err
	}
	var wrong fault.Fields
	wrong.Check(in.OrderID != "", "orderId", "OrderId must be provided")
	wrong.Check(in.Token != "" && len(in.Token) <= 255, "token", "Token must be provided")
	wrong.Check(in.ReturnURL == "" || isWebAddress(in.ReturnURL), "returnUrl", "ReturnUrl must be an absolute http or https address")
	if err := wrong.Err(); err != nil {
		return in, err
	}
	return in, api.CheckID(in.OrderID)
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 2000 && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
