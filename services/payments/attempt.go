package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"marketplace/services/payments/payment"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/session"
)

// attempt makes sure that the order may be paid, then charges. An attempt that was under way already ends first.
func (s *server) attempt(ctx context.Context, buyer session.User, in request) (payment.Payment, error) {
	for {
		try := payment.Try{Checkout: rand.Text()[:13], Token: in.Token, ReturnURL: in.ReturnURL}
		order, err := s.checkout(ctx, in.OrderID, buyer.ID, try.Checkout)
		if fault.KindOf(err) == fault.Refused {
			return s.paidBefore(ctx, in.OrderID, buyer.ID, err)
		}
		if err != nil {
			return payment.Payment{}, err
		}
		// Until the job is set nothing is charged; once it is set, it finishes whatever is begun here.
		if err := s.timers.Schedule(ctx, settleJob(in.OrderID, try.Checkout, 0), s.now().Add(settleAfter)); err != nil {
			return payment.Payment{}, fault.Down(err, "Please try again in a moment")
		}
		p, err := s.begin(ctx, order, try)
		if fault.KindOf(err) == fault.Refused {
			s.endCheckout(ctx, in.OrderID, try.Checkout)
		}
		if err != nil {
			return p, err
		}
		token := p.Token
		if p.Checkout == try.Checkout {
			p, err = s.charge(ctx, p)
		} else {
			p, err = s.goOn(ctx, p, try)
		}
		if err != nil || token == in.Token || p.Status != payment.Declined {
			return p, err
		}
	}
}

// begin notes an attempt before it is made: nearly always the order's first. An attempt under way stays, under its own
// checkout.
func (s *server) begin(ctx context.Context, order payment.Order, try payment.Try) (payment.Payment, error) {
	start := func(p *payment.Payment) error { return p.Begin(rand.Text(), order, s.currency, try, s.now()) }
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

// goOn settles the attempt that was found under way. One that waits for the buyer has waited long enough when he comes with
// another card, or from where he cannot do what his bank asks for.
func (s *server) goOn(ctx context.Context, p payment.Payment, try payment.Try) (payment.Payment, error) {
	if p.Awaits() && (p.Token != try.Token || try.ReturnURL == "") {
		var err error
		if p, err = s.payments.Update(ctx, dapr.ByRepeat, p.OrderID, func(now *payment.Payment) error {
			now.Lapse(p.Attempt, s.now())
			return nil
		}); err != nil {
			return p, err
		}
	}
	p, err := s.settle(ctx, p)
	if err == nil && p.Status == payment.Declined {
		s.endCheckout(ctx, p.OrderID, try.Checkout) // ours too
	}
	return p, err
}

// checkout asks orders to keep the ticket while we charge. It returns orders' refusal as it is.
func (s *server) checkout(ctx context.Context, orderID, userID, checkout string) (payment.Order, error) {
	var o struct { // an order as its buyer reads it
		ID        string     `json:"id"`
		UserID    string     `json:"userId"`
		ExpiresAt clock.Time `json:"expiresAt"`
		Ticket    struct {
			Price money.Amount `json:"price"`
		} `json:"ticket"`
	}
	err := s.services.Invoke(ctx, "orders", http.MethodPost, "/internal/orders/"+orderID+"/checkout",
		map[string]string{"userId": userID, "checkout": checkout}, &o)
	return payment.Order{ID: o.ID, UserID: o.UserID, Amount: o.Ticket.Price, ExpiresAt: o.ExpiresAt.Time}, err
}

// paidBefore answers a repeat: orders refuses to check out what is paid already. Otherwise the refusal stands.
func (s *server) paidBefore(ctx context.Context, orderID, userID string, refusal error) (payment.Payment, error) {
	p, err := s.payments.Announce(ctx, orderID)
	if p.UserID == userID && p.Status == payment.Succeeded {
		return p, err
	}
	return payment.Payment{}, refusal
}
