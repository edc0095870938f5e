// Auth knows who people are: it keeps accounts, checks passwords and signs sessions.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"marketplace/services/auth/account"
	"marketplace/services/auth/tries"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PrivateKeyFile string `envconfig:"SESSION_PRIVATE_KEY_FILE" required:"true"`
	PublicKeyFile  string `envconfig:"SESSION_PUBLIC_KEY_FILE" required:"true"`
	HTTPS          bool   `envconfig:"HTTPS" default:"true"`              // reached over HTTPS: everywhere but on a developer's machine
	SignUps        int    `envconfig:"SIGNUPS_PER_NETWORK" default:"100"` // in a quarter of an hour
	Letters        int    `envconfig:"LETTERS_PER_NETWORK" default:"20"`  // as SignUps

	Operators operators `envconfig:"OPERATORS"`
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	accounts  *dapr.Announced[account.Account] // by hashed e-mail address
	owners    *dapr.Collection[owner]          // by user id
	tries     *dapr.Collection[tries.Tries]    // by account, by device and by network
	farewells *dapr.Collection[farewell]       // by user id
	endings   *dapr.Collection[endings]
	outbox    *dapr.Outbox
	others    dapr.Invoker                // the services that know what an account has under way
	broker    func(context.Context) error // whether it takes events
	once      *service.Once
	issuer    *session.Issuer
	verifier  *session.Verifier
	public    session.Keys
	now       clock.Now

	log        *slog.Logger
	background sync.WaitGroup // letters that are being asked for
	letters    chan struct{}  // ... which are so many at a time at most

	operators        operators
	signIns, signUps *turns // each its own: no rush of sign-ups keeps anybody from signing in
	mostSignUps      int    // of a network
	mostLetters      int    // asked for by one
}

func main() {
	if len(os.Args) > 1 {
		service.Main("auth", command)
		return
	}
	service.Main("auth", run)
}

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	private, err := session.ReadPrivateKey(cfg.PrivateKeyFile)
	if err != nil {
		return err
	}
	public, err := session.ReadPublicKeys(cfg.PublicKeyFile)
	if err != nil {
		return err
	}
	if !public.Verify(private) {
		return errors.New("setting: SESSION_PUBLIC_KEY_FILE lacks the key of SESSION_PRIVATE_KEY_FILE, so nobody would take its sessions")
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()

	go sidecar.WatchBroker(ctx, log)

	s := newServer(sidecar, sidecar, cfg.Now, log)
	s.others, s.broker = sidecar, sidecar.BrokerReady
	s.issuer = session.NewIssuer(private, cfg.HTTPS, cfg.Now)
	s.verifier = session.NewVerifier(public, cfg.Now)
	s.public, s.mostSignUps, s.mostLetters, s.operators = public, cfg.SignUps, cfg.Letters, cfg.Operators
	go s.verifier.Follow(ctx, s.ended, log)
	routes := s.routes(cfg.Settings, log, sidecar.Ready)
	routes.Whole(sidecar.BrokerReady)
	return service.Serve(ctx, cfg.Settings, log, routes, s.background.Wait, s.outbox.Wait)
}

// newServer is the service as far as it needs no keys.
func newServer(store dapr.Store, publisher dapr.Publisher, now clock.Now, log *slog.Logger) *server {
	s := &server{
		owners:    dapr.NewCollection[owner]("owner", store),
		tries:     dapr.NewTemporary[tries.Tries]("tries", store, tries.Window),
		farewells: dapr.NewTemporary[farewell]("farewell", store, farewellKept),
		endings:   dapr.NewTemporary[endings]("endings", store, endingKept),
		once:      service.NewOnce(store, network, now, log),
		signIns:   newTurns(),
		signUps:   newTurns(),
		letters:   make(chan struct{}, lettersAtOnce),
		now:       now,
		log:       log,
	}
	s.outbox = dapr.NewOutbox("auth", store, endsFirst{s, publisher}, now, log)
	s.accounts = dapr.NewAnnounced("account", store, s.outbox, announce).Counted(count)
	return s
}

// command does what an operator asks for and ends.
func command(ctx context.Context, log *slog.Logger) error {
	var cfg dapr.Config
	if err := service.Load(&cfg); err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg)
	if err != nil {
		return err
	}
	defer sidecar.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s := newServer(sidecar, sidecar, time.Now, log)
	defer s.outbox.Wait()
	return s.command(ctx, os.Args[1:])
}
