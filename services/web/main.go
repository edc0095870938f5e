// Web is where people come in: it passes /api/* on to the services, shows the site, and keeps open pages up to date.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"marketplace/services/web/kept"
	"marketplace/services/web/live"
	"marketplace/services/web/taken"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/metrics"
	"marketplace/shared/money"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PublicKeyFile  string         `envconfig:"SESSION_PUBLIC_KEY_FILE" required:"true"`
	TrustForwarded bool           `envconfig:"TRUST_FORWARDED" default:"false"` // behind an ingress that sets X-Forwarded-For
	HTTPS          bool           `envconfig:"HTTPS" default:"true"`            // reached over HTTPS: everywhere but on a developer's machine
	CORSOrigins    origins        `envconfig:"CORS_ORIGINS"`                    // other sites whose scripts may use the API; empty: none
	StripeKey      string         `envconfig:"STRIPE_PUBLISHABLE_KEY"`          // empty: test cards by name instead of card fields
	Support        string         `envconfig:"SUPPORT_EMAIL"`                   // where visitors can write to; empty: nowhere
	Currency       money.Currency `envconfig:"CURRENCY" default:"usd"`
}

// site is the service. Its fields are all that its handlers share.
type site struct {
	api      http.Handler // what /api/* leads to; the pages ask there like anybody else
	services dapr.Invoker
	sessions *session.Verifier
	look     *look
	contract *contract
	hub      *live.Hub
	taken    *taken.Book    // who has which ticket
	kept     *kept.Shelf    // pages, for a moment
	hears    func() bool    // whether what is broadcast gets here
	asking   chan struct{}  // has room for each question about a ticket that is under way
	stripe   string         // publishable key
	support  string         // an address, "" for none
	https    bool           // reached over HTTPS
	currency money.Currency // of every price
	now      clock.Now
	log      *slog.Logger

	lastListed atomic.Int64 // Unix milliseconds; 0: nothing yet
}

func main() { service.Main("web", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	keys, err := session.ReadPublicKeys(cfg.PublicKeyFile)
	if err != nil {
		return err
	}
	look, err := newLook(cfg.Currency)
	if err != nil {
		return err
	}
	contract, err := newContract()
	if err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()
	sessions := session.NewVerifier(keys, cfg.Now)
	go sessions.Follow(ctx, session.AskAuth(sidecar), log)

	s := &site{
		services: sidecar, sessions: sessions, look: look, contract: contract, hub: live.New(), taken: taken.New(), kept: kept.New(cfg.Now), asking: make(chan struct{}, mostAsked),
		stripe: cfg.StripeKey, support: cfg.Support, https: cfg.HTTPS, currency: cfg.Currency, now: cfg.Now, log: log,
	}
	s.api = passOn(sidecar, log, s.refuseTaken)
	metrics.Ask("live_pages", "Open pages that follow live updates through this replica.", func() float64 { return float64(s.hub.Listeners()) })
	context.AfterFunc(ctx, s.hub.Close) // open pages must not hold up a graceful stop
	hearing := dapr.NewHearing(sidecar, brokerThere(sidecar), s.catchUp, time.Now, log)
	s.hears = hearing.Sure
	go hearing.Watch(ctx)
	return service.Serve(ctx, cfg.Settings, log, doorman(cfg, cfg.Now, log, s.routes(cfg, sidecar, hearing)))
}
