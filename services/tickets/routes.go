package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into tickets.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("tickets", cfg, s.log, ready, s.isStocked)

	// People, through web. A listing sent twice is two listings, unless it has an Idempotency-Key; an edit sent twice is one
	// edit more, unless it says what it is an edit of (If-Match). Withdrawing twice is withdrawing once.
	r.FromWeb("POST", "/api/tickets", s.once.Do(s.sell, service.Quick), service.Quick)
	r.FromWeb("PUT", "/api/tickets/{id}", s.edit, service.Quick)
	r.FromWeb("DELETE", "/api/tickets/{id}", s.withdraw, service.Quick)
	r.FromWeb("GET", "/api/tickets", s.browse, service.Quick)
	r.FromWeb("GET", "/api/events", s.events, service.Quick)
	r.FromWeb("GET", "/api/tickets/mine", s.mine, service.Quick)
	r.FromWeb("GET", "/api/tickets/{id}", s.show, service.Quick)
	r.FromWeb("GET", "/api/sales", s.sales, service.Quick)

	// desk, for operators.
	r.Internal("GET", "/internal/holds/overdue", s.withoutEnd, "desk")

	// Events, at least once and in any order. An error asks for redelivery.
	service.On(r, s.onOrder)   // from orders: held, free again, or sold
	service.On(r, s.onAccount) // from auth: whoever has deleted his account sells nothing
	r.Nudges(s.outbox)         // from ourselves: a look at what we may have left unpublished

	// The same events once more, to every replica: each has a catalogue of its own.
	service.OnBroadcast(r, s.hearTicket) // from ourselves
	service.OnBroadcast(r, s.hearOrder)  // from orders
	r.Hears(s.hearing)                   // from ourselves: whether we still hear anything
	return r
}
