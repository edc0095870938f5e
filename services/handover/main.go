// Handover gets a sold ticket from its seller to its buyer: it keeps what gets one in, shows it to nobody else, and sees to it
// that a buyer to whom it is not handed over gets his money back.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"marketplace/services/handover/handover"
	"marketplace/services/handover/seal"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/money"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PublicKeyFile string         `envconfig:"SESSION_PUBLIC_KEY_FILE" required:"true"`
	KeysFile      string         `envconfig:"CONTENT_KEYS_FILE" required:"true"` // what content is sealed with
	Binding       string         `envconfig:"CONTENT_BINDING"`                   // the output binding that keeps it; empty: the state store
	Currency      money.Currency `envconfig:"CURRENCY" default:"usd"`
	Before        time.Duration  `envconfig:"HANDOVER_BEFORE" default:"2h"`  // how long before the start a ticket must be handed over
	Within        time.Duration  `envconfig:"HANDOVER_WITHIN" default:"48h"` // how soon after the sale
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	handovers *dapr.Announced[handover.Handover] // by ticket id
	sellers   *dapr.List                         // order ids by seller
	buyers    *dapr.List                         // order ids by buyer
	reports   *dapr.List                         // order ids that were reported, all under one owner
	vault     *vault
	timers    dapr.Scheduler
	services  dapr.Invoker
	outbox    *dapr.Outbox
	sessions  *session.Verifier
	terms     handover.Terms
	currency  money.Currency // of every price
	now       clock.Now
	log       *slog.Logger
}

func main() { service.Main("handover", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	if cfg.Before < 0 || cfg.Within <= 0 {
		return errors.New("setting: HANDOVER_WITHIN must be above 0, as in 48h, and HANDOVER_BEFORE not below")
	}
	keys, err := session.ReadPublicKeys(cfg.PublicKeyFile)
	if err != nil {
		return err
	}
	seals, err := seal.ReadKeys(cfg.KeysFile)
	if err != nil {
		return fmt.Errorf("setting CONTENT_KEYS_FILE: %w", err)
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()
	go sidecar.WatchBroker(ctx, log)
	sessions := session.NewVerifier(keys, cfg.Now)
	go sessions.Follow(ctx, session.AskAuth(sidecar), log)

	outbox := dapr.NewOutbox("handover", sidecar, sidecar, cfg.Now, log)
	s := &server{
		handovers: dapr.NewAnnounced("handover", sidecar, outbox, announce).Counted(count),
		sellers:   dapr.NewList("handovers-by", sidecar),
		buyers:    dapr.NewList("handovers-to", sidecar),
		reports:   dapr.NewList("reports", sidecar),
		vault:     &vault{keys: seals, state: sidecar, files: sidecar, binding: cfg.Binding},
		timers:    sidecar,
		services:  sidecar,
		outbox:    outbox,
		sessions:  sessions,
		terms:     handover.Terms{Before: cfg.Before, Within: cfg.Within},
		currency:  cfg.Currency,
		now:       cfg.Now,
		log:       log,
	}
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg.Settings, log, routes, outbox.Wait)
}
