// Auth knows who people are: it keeps accounts, checks passwords and signs sessions.
package main

import (
	"context"
	"crypto/ed25519"
	"log/slog"

	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

type settings struct {
	service.Settings
	PrivateKeyFile string `envconfig:"SESSION_PRIVATE_KEY_FILE" required:"true"`
	HTTPS          bool   `envconfig:"HTTPS" default:"true"` // reached over HTTPS: everywhere but on a developer's machine
}

// server is the service. Its fields are all that its handlers share.
type server struct {
	accounts *dapr.Collection[account] // by hashed e-mail address
	tries    *dapr.Collection[tries]   // by account and by network address
	issuer   *session.Issuer
	verifier *session.Verifier
	public   ed25519.PublicKey
	now      clock.Now
	hashing  chan struct{} // as many password hashes at a time as memory allows
}

func main() { service.Main("auth", run) }

func run(ctx context.Context, log *slog.Logger) error {
	var cfg settings
	if err := service.Load(&cfg); err != nil {
		return err
	}
	private, err := session.ReadPrivateKey(cfg.PrivateKeyFile)
	if err != nil {
		return err
	}
	sidecar, err := dapr.Connect(cfg.Config)
	if err != nil {
		return err
	}
	defer sidecar.Close()

	public := private.Public().(ed25519.PublicKey)
	s := &server{
		accounts: dapr.NewCollection[account]("account", sidecar),
		tries:    dapr.NewCollection[tries]("tries", sidecar),
		issuer:   session.NewIssuer(private, cfg.HTTPS, cfg.Now),
		verifier: session.NewVerifier(public, cfg.Now),
		public:   public,
		now:      cfg.Now,
		hashing:  make(chan struct{}, 4),
	}
	return service.Serve(ctx, cfg.Settings, log, s.routes(cfg.Settings, log, sidecar.Ready))
}
