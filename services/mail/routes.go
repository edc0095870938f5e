package main

import (
	"context"

	"marketplace/shared/service"
)

// routes is every way into mail.
func (s *server) routes(cfg service.Settings, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("mail", cfg, s.log, ready)
	r.Mention(s.way.words)

	// Events, at least once and in any order. An error asks for redelivery. None waits for a mail server: see promise.
	service.On(r, s.onOrder)    // from orders: a receipt, a hold that ends, money back
	service.On(r, s.onHandover) // from handover: hand it over, it is here, it did not work
	service.On(r, s.onAccount)  // from auth: a link, or what the owner should know

	// Jobs, repeated until they succeed.
	r.Job(mailPrefix, s.onDue)        // from ourselves: a mail is to leave
	r.Job(holdPrefix, s.onHoldEnding) // from ourselves: a buyer has a few minutes left
	return r
}
