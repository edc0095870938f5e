package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// payLimit is how long a buyer waits for the card network. What is not settled by then settles itself later.
const payLimit = 30 * time.Second

// request is what a buyer sends.
type request struct {
	OrderID string `json:"orderId"`
	Token   string `json:"token"` // a Stripe payment method or card token
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
	// Until the job is set nothing is charged; once it is set, it finishes whatever is begun here.
	ctx, cancel := context.WithTimeout(r.Context(), payLimit)
	defer cancel()
	p, err := s.attempt(ctx, buyer, in)
	if err != nil {
		return err
	}
	switch p.Status {
	case payment.Succeeded:
		return api.Write(w, http.StatusCreated, map[string]string{"id": p.ID})
	case payment.Declined:
		return fault.New(fault.Refused, "%s", p.Reason)
	}
	return fault.New(fault.Refused, "Cannot pay for a cancelled order")
}

func readPay(w http.ResponseWriter, r *http.Request) (request, error) {
	var in request
	if err := api.Read(w, r, &in); err != nil {
		return in, err
	}
	var wrong fault.Fields
	wrong.Check(in.OrderID != "", "orderId", "OrderId must be provided")
	wrong.Check(in.Token != "" && len(in.Token) <= 255, "token", "Token must be provided")
	if err := wrong.Err(); err != nil {
		return in, err
	}
	return in, api.CheckID(in.OrderID)
}

// attempt makes sure that the order may be paid, then charges. An attempt that was under way already ends first.
func (s *server) attempt(ctx context.Context, buyer session.User, in request) (payment.Payment, error) {
	for {
		order, err := s.checkout(ctx, in.OrderID, buyer.ID)
		if fault.KindOf(err) == fault.Refused {
			return s.paidBefore(ctx, in.OrderID, buyer.ID, err)
		}
		if err != nil {
			return payment.Payment{}, err
		}
		if err := s.timers.Schedule(ctx, settlePrefix+in.OrderID, s.now().Add(settleAfter)); err != nil {
			return payment.Payment{}, fault.Down(err, "Please try again in a moment")
		}
		p, err := s.begin(ctx, order, in.Token)
		if err != nil {
			return p, err
		}
		token := p.Token
		p, err = s.settle(ctx, p)
		if err != nil || token == in.Token || p.Status != payment.Declined {
			return p, err
		}
	}
}

// begin notes an attempt before it is made: nearly always the order's first.
func (s *server) begin(ctx context.Context, order payment.Order, token string) (payment.Payment, error) {
	start := func(p *payment.Payment) error { return p.Begin(rand.Text(), order, s.currency, token, s.now()) }
	var p payment.Payment
	if err := start(&p); err != nil {
		return p, err
	}
	err := s.payments.Create(ctx, dapr.ByRepeat, order.ID, p)
	if errors.Is(err, dapr.ErrExists) {
		return s.payments.Update(ctx, dapr.ByRepeat, order.ID, start)
	}
	return p, err
}

// checkout asks orders to keep the ticket while we charge. It returns orders' refusal as it is.
func (s *server) checkout(ctx context.Context, orderID, userID string) (payment.Order, error) {
	var o events.Order
	err := s.services.Invoke(ctx, "orders", http.MethodPost, "/internal/orders/"+orderID+"/checkout", map[string]string{"userId": userID}, &o)
	return payment.Order{ID: o.ID, UserID: o.UserID, Amount: o.Ticket.Price}, err
}

// paidBefore answers a repeat: orders refuses to check out what is paid already. Otherwise the refusal stands.
func (s *server) paidBefore(ctx context.Context, orderID, userID string, refusal error) (payment.Payment, error) {
	p, err := s.payments.Get(ctx, orderID)
	if err == nil && p.UserID == userID && p.Status == payment.Succeeded {
		return p, nil
	}
	return payment.Payment{}, refusal
}

// show tells the buyer what became of the money.
func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	orderID := mux.Vars(r)["orderId"]
	if err := api.CheckID(orderID); err != nil {
		return err
	}
	p, err := s.payments.Get(r.Context(), orderID)
	if err != nil {
		return err
	}
	if p.UserID != buyer.ID {
		return fault.NotOwner()
	}
	return api.Write(w, http.StatusOK, view(p))
}

// receipt is a payment as its buyer sees it.
type receipt struct {
	ID         string         `json:"id"`
	OrderID    string         `json:"orderId"`
	Status     payment.Status `json:"status"`
	Amount     events.Cents   `json:"amount"`
	Currency   string         `json:"currency"`
	Reason     string         `json:"reason,omitempty"`
	BegunAt    clock.Time     `json:"begunAt,omitzero"` // the latest attempt
	RefundedAt *clock.Time    `json:"refundedAt,omitempty"`
}

func view(p payment.Payment) receipt {
	r := receipt{ID: p.ID, OrderID: p.OrderID, Status: p.Status, Amount: events.InCents(p.Amount), Currency: p.Currency, Reason: p.Reason, BegunAt: clock.At(p.BegunAt)}
	if !p.RefundedAt.IsZero() {
		at := clock.At(p.RefundedAt)
		r.RefundedAt = &at
	}
	return r
}

// announce says which events a change to a payment is worth: one for a charge, one for a refund.
func announce(before, after payment.Payment) []events.Event {
	if before.Version == after.Version {
		return nil
	}
	return []events.Event{events.New(events.Payment{
		ID: after.ID, Version: after.Version, OrderID: after.OrderID, StripeID: after.StripeID,
		Amount: events.InCents(after.Amount), Currency: after.Currency, Refunded: after.Status == payment.Refunded,
	})}
}
