package main

import (
	"context"
	"log/slog"

	"marketplace/shared/service"
)

// routes is every way into expiration.
func (s *server) routes(cfg service.Settings, log *slog.Logger, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("expiration", cfg, log, ready)

	// Events, at least once and in any order. An error asks for redelivery.
	service.On(r, s.onOrder) // from orders: set a timer, or take it back

	// Jobs, repeated until they succeed.
	r.Job(timerPrefix, s.onTime) // from the scheduler: a deadline has passed
	return r
}
