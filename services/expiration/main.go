// Expiration knows what time it is: it rings when an order's time to pay is over. It keeps no state of its own.
package main

import (
	"context"
	"log/slog"

	"marketplace/shared/dapr"
	"marketplace/shared/service"
)

// server is the service.
type server struct {
	timers    dapr.Scheduler
	publisher dapr.Publisher
}

func main() { service.Main("expiration", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg service.Settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()
	go sidecar.WatchBroker(ctx, log)

	s := &server{timers: sidecar, publisher: sidecar}
	routes := s.routes(cfg, log, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg, log, routes)
}
