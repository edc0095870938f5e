// Stripesim stands in for Stripe where there is no Stripe key: on a developer's machine and in tests.
//
// It speaks Stripe's HTTP API for the calls our payments service makes, so stripe-go is used unchanged
// with another backend URL. It keeps what Stripe promises: idempotency keys, test cards that succeed,
// decline, want authentication (the bank's page included) or are refunded late, and signed webhooks
// delivered at least once. What it does not simulate it refuses, rather than accept a call whose meaning
// it would ignore.
//
// Everything it answered is in its ledger, an append-only file; kill -9 and a restart lose nothing.
// See routes.go for every way in, faults.go for the faults a test can script.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// config is read from the environment; each field is STRIPESIM_ and its name.
type config struct {
	Address       string        `default:"127.0.0.1:12111"` // loopback only: the control endpoints ask for no key
	Data          string        // folder of the ledger
	SecretKey     string        `split_words:"true"`                 // sk_test_...; what callers must present
	WebhookURL    string        `split_words:"true"`                 // where events go; empty for nowhere
	WebhookSecret string        `split_words:"true"`                 // whsec_...; signs the events
	SettleDelay   time.Duration `split_words:"true" default:"2s"`    // what happens later, see later.go, happens so much later
	WebhookDelay  time.Duration `split_words:"true" default:"500ms"` // Stripe's own come about a second after the answer
}

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		fmt.Fprintln(os.Stderr, "stripesim:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It listens before it opens the ledger, so that a second simulator on the
// same address stops before it can touch the file.
func run(ctx context.Context, log *slog.Logger) error {
	conf, err := readConfig()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", conf.Address)
	if err != nil {
		return err
	}
	defer listener.Close()
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return fmt.Errorf("STRIPESIM_ADDRESS %q is not a loopback address, and the control endpoints ask for no key", conf.Address)
	}
	sim, err := newSimulator(conf, time.Now, log)
	if err != nil {
		return err
	}
	defer sim.close()

	server := &http.Server{
		Handler:           sim.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String(), "data", conf.Data, "webhooks", conf.WebhookURL)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); errors.Is(err, context.DeadlineExceeded) {
		log.Warn("stopping with calls still open")
		return server.Close()
	} else if err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// readConfig names the first setting that is missing or cannot be right.
func readConfig() (config, error) {
	var c config
	if err := envconfig.Process("stripesim", &c); err != nil {
		return config{}, err
	}
	switch {
	case c.Data == "":
		return config{}, errors.New("STRIPESIM_DATA is not set: it names the folder of the ledger")
	case c.SecretKey == "":
		return config{}, errors.New("STRIPESIM_SECRET_KEY is not set: it is the sk_test_ key callers must present")
	case !strings.HasPrefix(c.SecretKey, "sk_test_"):
		return config{}, errors.New("STRIPESIM_SECRET_KEY must begin with sk_test_: no other key belongs here")
	case c.WebhookURL != "" && c.WebhookSecret == "":
		return config{}, errors.New("STRIPESIM_WEBHOOK_SECRET is not set: it signs what goes to STRIPESIM_WEBHOOK_URL")
	}
	return c, nil
}
