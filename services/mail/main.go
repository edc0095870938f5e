// Mail writes to people: it hears what happens to orders, handovers and accounts, and sends what somebody should know of it
// through the mail server that is named in YAML. Nothing waits for it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"
	_ "time/tzdata" // what a clock at a venue shows, in an image without files

	"marketplace/services/mail/letter"
	"marketplace/services/mail/note"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/money"
	"marketplace/shared/recent"
	"marketplace/shared/service"
)

type settings struct {
	service.Settings
	Site     site           `envconfig:"SITE_URL" required:"true"` // where people reach web
	Warning  time.Duration  `envconfig:"HOLD_WARNING" default:"5m"`
	PerHour  int            `envconfig:"MAILS_PER_HOUR" default:"100"` // to an account, from each replica
	Currency money.Currency `envconfig:"CURRENCY" default:"usd"`
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	notes    *dapr.Collection[note.Note]
	timers   dapr.Scheduler
	services dapr.Invoker
	way      *way
	quota    *quota
	busy     busy        // notes that this replica is just about
	left     *recent.Set // ... whose mail it has sent, noted or not
	desk     letter.Desk
	warning  time.Duration // before the end of a hold, 0: none
	now      clock.Now
	log      *slog.Logger
}

func main() { service.Main("mail", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	if cfg.Warning < 0 {
		return errors.New("setting HOLD_WARNING: must not be below 0")
	}
	if cfg.PerHour < 10 {
		return errors.New("setting MAILS_PER_HOUR: must be 10 or more")
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()

	s := &server{
		notes:    dapr.NewTemporary[note.Note]("note", sidecar, note.Kept),
		timers:   sidecar,
		services: sidecar,
		way:      newWay(sidecar, sidecar.Ready, cfg.Now, log),
		quota:    newQuota(cfg.PerHour, cfg.Now),
		desk:     letter.Desk{Site: cfg.Site.URL, Currency: cfg.Currency},
		left:     recent.New(mostLeft),
		warning:  cfg.Warning,
		now:      cfg.Now,
		log:      log,
	}
	go s.way.watch(ctx)
	routes := s.routes(cfg.Settings, sidecar.Ready)
	routes.Explains(sidecar)
	return service.Serve(ctx, cfg.Settings, log, routes)
}

// site is the address of a site, without a path.
type site struct{ *url.URL }

// Decode takes the setting.
func (s *site) Decode(text string) error {
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || at.Path != "" && at.Path != "/" {
		return fmt.Errorf("%q is not an address such as https://tickets.example", text)
	}
	s.URL = at
	return nil
}
