package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into desk.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("desk", cfg, s.log, ready)

	// Operators, through web. Done twice is done once; If-Match keeps what has died again from being decided about unseen.
	r.FromWeb("GET", "/api/desk/letters", s.listLetters, service.Quick)
	r.FromWeb("GET", "/api/desk/letters/{id}", s.showLetter, service.Quick)
	r.FromWeb("POST", "/api/desk/letters/{id}/replay", s.replay, service.Quick)
	r.FromWeb("POST", "/api/desk/letters/{id}/drop", s.drop, service.Quick)
	r.FromWeb("GET", "/api/desk/orders", s.listOrders, service.Quick)
	r.FromWeb("POST", "/api/desk/orders/{id}/look", s.lookAtOrder, service.Quick)
	r.FromWeb("GET", "/api/desk/figures", s.today, service.Quick)

	// Events, at least once: what a service could not handle.
	r.DeadLetters(s.receive)
	r.Nudges(s.outbox) // from ourselves: a look at what we may have left unpublished
	return r
}
