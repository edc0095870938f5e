package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into handover.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("handover", cfg, s.log, ready)

	// Sellers, through web. Attaching replaces what was attached, until the buyer has opened it.
	r.FromWeb("PUT", "/api/contents/{ticketId}", s.attach, service.Quick)
	r.FromWeb("GET", "/api/contents/{ticketId}", s.attached, service.Quick)
	r.FromWeb("GET", "/api/contents/{ticketId}/file", s.file, service.Quick) // buyers too, of what they have opened

	// Sellers and buyers, through web. Opening or reporting twice is once.
	r.FromWeb("GET", "/api/handovers", s.mine, service.Quick)
	r.FromWeb("GET", "/api/handovers/{orderId}", s.show, service.Quick)
	r.FromWeb("POST", "/api/handovers/{orderId}/open", s.open, service.Quick)
	r.FromWeb("POST", "/api/handovers/{orderId}/report", s.report, service.Quick)

	// Operators, through web. A decision sent twice is one.
	r.FromWeb("GET", "/api/handovers/reports", s.reported, service.Quick)
	r.FromWeb("POST", "/api/handovers/{orderId}/decision", s.decide, service.Quick)

	// auth, before it deletes an account.
	r.Internal("GET", "/internal/sellers/{id}", s.busy, "auth")

	// Events, at least once and in any order. An error asks for redelivery.
	service.On(r, s.onTicket) // from tickets: whose ticket it is, and when it is good
	service.On(r, s.onOrder)  // from orders: sold, or its money went back
	r.Nudges(s.outbox)        // from ourselves: a look at what we may have left unpublished

	// Jobs, repeated until they succeed.
	r.Job(duePrefix, s.onDue) // from ourselves: the time to hand a ticket over has passed
	return r
}
