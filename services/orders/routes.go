package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into orders.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("orders", cfg, s.log, ready)

	// People, through web. An order or a cancel sent twice is one.
	r.FromWeb("POST", "/api/orders", unlessBehind(r.Behind, s.once.Do(s.place, service.Quick)), service.Quick)
	r.FromWeb("GET", "/api/orders", s.mine, service.Quick)
	r.FromWeb("GET", "/api/orders/{id}", s.show, service.Quick)
	r.FromWeb("DELETE", "/api/orders/{id}", s.cancel, service.Quick)

	// payments, before it charges and after a decline. Both may be repeated.
	r.Internal("POST", "/internal/orders/{id}/checkout", s.beginCheckout, "payments")
	r.Internal("DELETE", "/internal/orders/{id}/checkout/{checkout}", s.endCheckout, "payments")

	// mail, before it warns a buyer whose time to pay runs out.
	r.Internal("GET", "/internal/orders/{id}", s.tell, "mail")

	// tickets, when a seller withdraws a ticket. It may be repeated.
	r.Internal("POST", "/internal/tickets/{id}/withdrawal", s.withdrawn, "tickets")

	// web, which refuses others a ticket that somebody has.
	r.Internal("GET", "/internal/tickets/{id}/order", s.taken, "web")

	// auth, before it deletes an account.
	r.Internal("GET", "/internal/buyers/{id}", s.busy, "auth")

	// tickets, when it has heard of no end long after a deadline, and asks again until it has; desk, when an operator does.
	r.Internal("POST", "/internal/orders/{id}/overdue", s.endOverdue, "tickets", "desk")
	r.Internal("GET", "/internal/overdue/{id}", s.tell, "desk") // before and after

	// Events, at least once and in any order. An error asks for redelivery.
	service.On(r, s.onTicket)  // from tickets: keep our copy of what is offered
	service.On(r, s.onPayment) // from payments: the order is complete
	service.On(r, s.onExpired) // from expiration: the time to pay is over
	r.Nudges(s.outbox)         // from ourselves: a look at what we may have left unpublished

	// Jobs, repeated until they succeed.
	r.Job(overduePrefix, s.onOverdue) // from the scheduler: an order whose timer rang before our clock had got there
	return r
}
