// Payments takes the money: it charges a card once for an order, and gives the money back when the order is lost.
package main

import (
	"context"
	"log/slog"

	"marketplace/services/payments/payment"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/money"
	"marketplace/shared/recent"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PublicKeyFile string         `envconfig:"SESSION_PUBLIC_KEY_FILE" required:"true"`
	StripeKey     string         `envconfig:"STRIPE_SECRET_KEY" required:"true"`
	StripeBase    string         `envconfig:"STRIPE_API_BASE"` // empty: Stripe itself
	WebhookSecret string         `envconfig:"STRIPE_WEBHOOK_SECRET" required:"true"`
	Currency      money.Currency `envconfig:"CURRENCY" default:"usd"`
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	payments      *dapr.Announced[payment.Payment] // by order id
	cases         *dapr.Collection[payment.Case]   // by their own id: what needs a person
	open          *dapr.List                       // ids of cases, all under one owner
	cards         cards
	services      dapr.Invoker
	timers        dapr.Scheduler
	outbox        *dapr.Outbox
	settled       *recent.Set // attempts whose outcome this replica has saved and announced
	sessions      *session.Verifier
	once          *service.Once
	webhookSecret string
	currency      string
	now           clock.Now
	log           *slog.Logger
}

func main() { service.Main("payments", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	keys, err := session.ReadPublicKeys(cfg.PublicKeyFile)
	if err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()
	go sidecar.WatchBroker(ctx, log)
	sessions := session.NewVerifier(keys, cfg.Now)
	go sessions.Follow(ctx, session.AskAuth(sidecar), log)

	outbox := dapr.NewOutbox("payments", sidecar, sidecar, cfg.Now, log)
	s := &server{
		payments:      dapr.NewAnnounced("payment", sidecar, outbox, announce).Counted(count),
		cases:         dapr.NewCollection[payment.Case]("case", sidecar),
		open:          dapr.NewList("cases", sidecar),
		cards:         newStripe(cfg.StripeKey, cfg.StripeBase),
		services:      sidecar,
		timers:        sidecar,
		outbox:        outbox,
		settled:       recent.New(10_000),
		sessions:      sessions,
		once:          service.NewOnce(sidecar, sessions.Sender, cfg.Now, log),
		webhookSecret: cfg.WebhookSecret,
		currency:      string(cfg.Currency),
		now:           cfg.Now,
		log:           log,
	}
	expectMoney(s.currency)
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg.Settings, log, routes, outbox.Wait)
}
