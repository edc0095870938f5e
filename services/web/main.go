// Web is where people come in: it passes /api/* on to the services and shows the site.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"marketplace/shared/dapr"
	"marketplace/shared/service"
)

type settings struct {
	service.Settings
	TrustForwarded bool `envconfig:"TRUST_FORWARDED" default:"false"` // behind an ingress that sets X-Forwarded-For
	HTTPS          bool `envconfig:"HTTPS" default:"true"`            // reached over HTTPS: everywhere but on a developer's machine
}

func main() { service.Main("web", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()

	return service.Serve(ctx, cfg.Settings, log, doorman(cfg, time.Now, log, routes(cfg, log, sidecar)))
}

// routes is every way into web.
func routes(cfg settings, log *slog.Logger, sidecar *dapr.Sidecar) http.Handler {
	r := service.NewRoutes("web", cfg.Settings, log, sidecar.Ready, everyServiceReady(sidecar))

	// People. Only these prefixes lead to a service: no event, job or internal route can be reached from here.
	api := passOn(sidecar, log)
	for prefix := range services {
		r.Open(prefix, api)
	}
	return r
}
