// Orders sells tickets: it holds one for a buyer, waits for the payment, and gives it back when none comes in time.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"marketplace/services/orders/holding"
	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/money"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PublicKeyFile string         `envconfig:"SESSION_PUBLIC_KEY_FILE" required:"true"`
	Currency      money.Currency `envconfig:"CURRENCY" default:"usd"`
	Hold          time.Duration  `envconfig:"ORDER_HOLD" default:"15m"`      // how long a buyer has to pay
	Checkout      time.Duration  `envconfig:"CHECKOUT_LIMIT" default:"60s"`  // how long a payment under way keeps the hold
	Holds         int            `envconfig:"HOLDS_PER_BUYER" default:"6"`   // how many tickets a buyer may hold unpaid at the same time, 0: any
	Again         time.Duration  `envconfig:"HOLD_AGAIN_AFTER" default:"5m"` // when a buyer may hold a ticket again that he let go
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	sales    *dapr.Announced[sale.Sale]   // by ticket id
	archive  *dapr.Collection[sale.Order] // ended orders that their sale has no room for
	buyers   *dapr.List                   // order ids by buyer; beside them his holding.Holds
	timers   dapr.Scheduler
	services dapr.Invoker
	outbox   *dapr.Outbox
	sessions *session.Verifier
	once     *service.Once
	terms    sale.Terms
	holds    int // of one buyer at the same time
	checkout time.Duration
	currency money.Currency // of every price
	now      clock.Now
	log      *slog.Logger
}

func main() { service.Main("orders", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	if cfg.Hold <= 0 || cfg.Checkout <= 0 {
		return errors.New("setting: ORDER_HOLD and CHECKOUT_LIMIT must be above 0, as in 15m")
	}
	if cfg.Holds < 0 || cfg.Holds > holding.Most {
		return fmt.Errorf("setting: HOLDS_PER_BUYER must be 1 to %d, or 0 for any number", holding.Most)
	}
	if cfg.Again < 0 {
		return errors.New("setting: HOLD_AGAIN_AFTER must not be below 0, as in 5m")
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

	outbox := dapr.NewOutbox("orders", sidecar, sidecar, cfg.Now, log)
	s := &server{
		sales:    dapr.NewAnnounced("sale", sidecar, outbox, announce).Counted(count(cfg.Now)),
		archive:  dapr.NewCollection[sale.Order]("order", sidecar),
		buyers:   dapr.NewList("orders-of", sidecar),
		timers:   sidecar,
		services: sidecar,
		outbox:   outbox,
		sessions: sessions,
		once:     service.NewOnce(sidecar, sessions.Sender, cfg.Now, log),
		terms:    sale.Terms{Hold: cfg.Hold, Again: cfg.Again},
		holds:    cfg.Holds,
		checkout: cfg.Checkout,
		currency: cfg.Currency,
		now:      cfg.Now,
		log:      log,
	}
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg.Settings, log, routes, outbox.Wait)
}
