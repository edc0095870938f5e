// Package service is what every service's main does in the same order: settings, sidecar, routes, serve, stop.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"

	"marketplace/shared/dapr"
	"marketplace/shared/metrics"
	"marketplace/shared/trace"
)

// Settings every service has.
type Settings struct {
	dapr.Config
	Host  string `envconfig:"HOST" default:"127.0.0.1"` // where to listen; 0.0.0.0 in a container
	Port  string `envconfig:"APP_PORT" required:"true"` // set by the Dapr CLI
	Token string `envconfig:"APP_API_TOKEN" required:"true"`
	Pprof string `envconfig:"PPROF_PORT"` // profiles, on this machine only; empty: none
	// Metrics is a port of its own: no sidecar leads there, so neither web nor another service does. Empty: none.
	Metrics string `envconfig:"METRICS_PORT"`
	// Clocks is for tests alone: a wrong clock shortens or lengthens every deadline. Empty: the machine's clock.
	Clocks clocks `envconfig:"CLOCK_OFFSETS_FILE"`
}

// stopLimit is how long running requests have to finish. Shorter than an orchestrator's patience.
const stopLimit = 10 * time.Second

// Main runs a service until it is told to stop, and ends the process with 1 and one sentence when it cannot run.
func Main(name string, run func(ctx context.Context, log *slog.Logger) error) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("service", name)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	endTraces, err := trace.Begin(name, log)
	if err == nil {
		err = run(ctx, log)
		endTraces()
	}
	if err != nil {
		log.Error("cannot run", "error", err)
		os.Exit(1)
	}
}

// Load reads settings from the environment. Its error names the one that is missing or wrong.
func Load(settings any) error {
	err := envconfig.Process("", settings)
	var wrong *envconfig.ParseError
	if errors.As(err, &wrong) {
		return fmt.Errorf("setting %s: %w", wrong.KeyName, wrong.Err) // without the types and fields of our code
	}
	if err != nil {
		return fmt.Errorf("setting: %w", err)
	}
	return nil
}

// Whoever is slow to ask or to read is let go. answerLimit is for the work and the reading of its answer: longer than any
// handler works and than a payment may take (invocation in components/resiliency). A stream sets its own as it writes.
const (
	headLimit   = 5 * time.Second
	readLimit   = 15 * time.Second
	answerLimit = 75 * time.Second
	idleLimit   = 2 * time.Minute
)

func newServer(log *slog.Logger, routes http.Handler) *http.Server {
	return &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: headLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      answerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Serve listens, then serves until ctx ends, then lets running requests finish. work, if given, is waited for last:
// what requests have left to do in the background.
func Serve(ctx context.Context, s Settings, log *slog.Logger, routes http.Handler, work ...func()) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(s.Host, s.Port))
	if err != nil {
		return err
	}
	server := newServer(log, routes)
	log.Info("listening", "address", listener.Addr().String())
	if s.Metrics != "" {
		shown, err := serveMetrics(s, log)
		if err != nil {
			return err
		}
		defer shown.Close()
	}
	if s.Pprof != "" {
		go serveProfiles(s.Pprof, log)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err = server.Shutdown(stopping)
	for _, wait := range work {
		wait()
	}
	log.Info("stopped")
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("requests were still running after " + stopLimit.String())
	}
	return err
}

// serveMetrics answers GET /metrics on http://<host>:<port>/metrics, and nothing else, until it is closed.
func serveMetrics(s Settings, log *slog.Logger) (*http.Server, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(s.Host, s.Metrics))
	if err != nil {
		return nil, fmt.Errorf("setting METRICS_PORT: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	server := newServer(log, mux)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("no metrics", "error", err)
		}
	}()
	return server, nil
}

// serveProfiles answers on http://127.0.0.1:<port>/debug/pprof/ for as long as the process lives.
func serveProfiles(port string, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	err := http.ListenAndServe(net.JoinHostPort("127.0.0.1", port), mux)
	log.Error("no profiles", "error", err)
}
