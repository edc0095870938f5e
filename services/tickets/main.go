// Tickets is where tickets are listed: it keeps them, shows them, and follows what orders says of their sale.
package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
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
	Bound         ticket.Bound   `envconfig:"MOST_OF_FACE_VALUE"`              // that a price may be
	Verified      bool           `envconfig:"SELLERS_VERIFIED" default:"true"` // whoever lists tickets has shown that his address is his
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	tickets   *dapr.Announced[ticket.Ticket]
	everybody *dapr.List // every ticket id, by catalogue.ShelfOf
	sellers   *dapr.List // ticket ids by seller
	catalogue *catalogue.Catalogue
	services  dapr.Invoker
	outbox    *dapr.Outbox
	sessions  *session.Verifier
	once      *service.Once
	currency  money.Currency // of every price
	bound     ticket.Bound   // on it
	verified  bool           // sellers have to be
	now       clock.Now
	log       *slog.Logger
	hearing   *dapr.Hearing
	stocked   chan struct{} // closed when the catalogue holds what was listed before we started
	again     chan struct{} // filled when the catalogue is to be read anew
	readAt    atomic.Int64  // when the whole catalogue was read last, Unix milliseconds; 0: never
	missed    atomic.Int64  // how often broadcasts may have been missed ...
	madeUp    atomic.Int64  // ... and how many of these times the catalogue has made up for
}

func main() { service.Main("tickets", run) }

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

	outbox := dapr.NewOutbox("tickets", sidecar, sidecar, cfg.Now, log)
	s := &server{
		tickets:   dapr.NewAnnounced("ticket", sidecar, outbox, announce).Counted(count),
		everybody: dapr.NewList("tickets", sidecar),
		sellers:   dapr.NewList("tickets-of", sidecar),
		catalogue: catalogue.New(),
		services:  sidecar,
		outbox:    outbox,
		sessions:  sessions,
		once:      service.NewOnce(sidecar, sessions.Sender, cfg.Now, log),
		currency:  cfg.Currency,
		bound:     cfg.Bound,
		verified:  cfg.Verified,
		now:       cfg.Now,
		log:       log,
		stocked:   make(chan struct{}),
		again:     make(chan struct{}, 1),
	}
	s.hearing = dapr.NewHearing(sidecar, sidecar.BrokerReady, s.catchUp, time.Now, log)
	go s.hearing.Watch(ctx)
	go s.stock(ctx)
	s.showCatalogue()
	go s.watchHolds(ctx)
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg.Settings, log, routes, outbox.Wait)
}
