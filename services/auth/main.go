// Auth knows who people are: it keeps accounts, checks passwords and signs sessions.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

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

	Operators operators `envconfig:"OPERATORS"`
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	accounts *dapr.Collection[account]     // by hashed e-mail address
	tries    *dapr.Collection[tries.Tries] // by account, by device and by network
	endings  *dapr.Collection[endings]
	once     *service.Once
	issuer   *session.Issuer
	verifier *session.Verifier
	public   session.Keys
	now      clock.Now

	operators        operators
	signIns, signUps *turns // each its own: no rush of sign-ups keeps anybody from signing in
	mostSignUps      int
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

	s := newServer(sidecar, cfg.Now, log)
	s.issuer = session.NewIssuer(private, cfg.HTTPS, cfg.Now)
	s.verifier = session.NewVerifier(public, cfg.Now)
	s.public, s.mostSignUps, s.operators = public, cfg.SignUps, cfg.Operators
	go s.verifier.Follow(ctx, s.ended, log)
	return service.Serve(ctx, cfg.Settings, log, s.routes(cfg.Settings, log, sidecar.Ready))
}

// newServer is the service as far as it needs no keys.
func newServer(store dapr.Store, now clock.Now, log *slog.Logger) *server {
	return &server{
		accounts: dapr.NewCollection[account]("account", store),
		tries:    dapr.NewTemporary[tries.Tries]("tries", store, tries.Window),
		endings:  dapr.NewTemporary[endings]("endings", store, endingKept),
		once:     service.NewOnce(store, network, now, log),
		signIns:  newTurns(),
		signUps:  newTurns(),
		now:      now,
	}
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
	return newServer(sidecar, time.Now, log).command(ctx, os.Args[1:])
}
