package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into payments.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("payments", cfg, s.log, ready)

	// People, through web. A payment sent twice is charged once.
	r.FromWeb("POST", "/api/payments", s.once.Do(s.pay, payLimit), service.Unlimited)
	r.FromWeb("GET", "/api/payments/{orderId}", s.show, service.Quick)

	// Operators, through web: what needs a person. However often it is looked at, money goes back once; done twice is once.
	r.FromWeb("GET", "/api/payments/cases", s.listCases, service.Quick)
	r.FromWeb("POST", "/api/payments/cases/{id}/look", s.lookAgain, service.Unlimited)
	r.FromWeb("POST", "/api/payments/cases/{id}/done", s.doneByHand, service.Quick)

	// orders, before it ends an order that somebody was paying for.
	r.Internal("GET", "/internal/payments/{orderId}", s.tell, "orders")

	// Stripe, through web. It repeats what is not answered with 200, for days.
	r.FromWeb("POST", "/api/payments/webhook", s.webhook, service.Unlimited)

	// Events, at least once and in any order. An error asks for redelivery.
	service.On(r, s.onOrder)    // from orders: a cancelled order's charge goes back
	service.On(r, s.onHandover) // from handover: so does that of a ticket that did not get to its buyer

	// Jobs, repeated until they succeed.
	r.Job(settlePrefix, s.onSettle) // from ourselves: we may have died while charging
	r.Job(refundPrefix, s.onRefund) // from ourselves: a charge goes back
	return r
}
