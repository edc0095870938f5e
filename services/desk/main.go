// Desk keeps what operators have to see to and no other service owns: events that nobody could handle, and orders that do not
// end. It tells them the day's figures.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/overdue"
	"marketplace/services/desk/shelf"
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
	Figures       prometheus     `envconfig:"FIGURES_FROM"` // empty: the desk shows none
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	letters  *dapr.Announced[letter.Letter] // by their own id
	waiting  *shelf.Shelf
	settled  *dapr.List                        // ids of letters, all under one owner
	overdue  *dapr.Collection[overdue.Overdue] // orders that somebody has looked at, by id
	looked   *dapr.List                        // ids of those, all under one owner
	services dapr.Invoker
	outbox   *dapr.Outbox
	sessions *session.Verifier
	figures  prometheus
	currency money.Currency
	now      clock.Now
	log      *slog.Logger
}

func main() { service.Main("desk", run) }

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

	s := newServer(sidecar, sidecar, cfg.Now, log)
	s.services, s.sessions, s.figures, s.currency = sidecar, sessions, cfg.Figures, cfg.Currency
	s.showWaiting()
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	return service.Serve(ctx, cfg.Settings, log, routes, s.outbox.Wait)
}

// newServer is the service as far as it needs no settings.
func newServer(store dapr.Store, publisher dapr.Publisher, now clock.Now, log *slog.Logger) *server {
	outbox := dapr.NewOutbox("desk", store, publisher, now, log)
	return &server{
		letters: dapr.NewAnnounced("letter", store, outbox, letter.Sent).Counted(count),
		waiting: shelf.New(store),
		settled: dapr.NewList("letters-settled", store),
		overdue: dapr.NewCollection[overdue.Overdue]("overdue", store),
		looked:  dapr.NewList("overdue-looked", store),
		outbox:  outbox,
		now:     now,
		log:     log,
	}
}

// prometheus is where figures come from; the zero one is nowhere.
type prometheus struct {
	at     *url.URL
	client *http.Client
}

// Decode takes the setting.
func (p *prometheus) Decode(text string) error {
	if text == "" {
		return nil
	}
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return fmt.Errorf("%q is not an address such as http://prometheus:9090", text)
	}
	p.at, p.client = at, &http.Client{}
	return nil
}
