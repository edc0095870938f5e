// Inbox is a mail server for one machine: it takes every mail, delivers none, and has a page to read them. `make run` starts
// it, so that what the marketplace writes to people can be looked at; tests read the same as JSON and script its faults.
//
// What it has taken lies in its folder, a file each; kill -9 and a restart lose nothing.
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
	"syscall"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/kelseyhightower/envconfig"
)

// config is read from the environment; each field is INBOX_ and its name.
type config struct {
	SMTP string `default:"127.0.0.1:1025"` // loopback only, both: nobody is asked for a password
	Page string `default:"127.0.0.1:8025"`
	Data string `required:"true"` // folder of the mails
}

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		fmt.Fprintln(os.Stderr, "inbox:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, log *slog.Logger) error {
	var conf config
	if err := envconfig.Process("inbox", &conf); err != nil {
		return err
	}
	mails, err := openBox(conf.Data)
	if err != nil {
		return err
	}
	in, err := listen(conf.SMTP)
	if err != nil {
		return err
	}
	defer in.Close()
	page, err := listen(conf.Page)
	if err != nil {
		return err
	}
	defer page.Close()

	faults := &faults{log: log}
	server := newSMTP(mails, faults, log)
	site := &http.Server{Handler: routes(mails, faults), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	served := make(chan error, 2)
	go func() { served <- server.Serve(in) }()
	go func() { served <- site.Serve(page) }()
	log.Info("listening", "smtp", in.Addr().String(), "page", "http://"+page.Addr().String(), "data", conf.Data)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return errors.Join(ignoreClosed(server.Close()), site.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("%q is not a loopback address, and nobody is asked for a password", address)
	}
	return l, nil
}
