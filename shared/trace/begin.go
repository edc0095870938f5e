package trace

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"github.com/kelseyhightower/envconfig"
	"go.opentelemetry.io/otel"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// settings say which traces are kept, and where.
type settings struct {
	To    string        `envconfig:"TRACES_TO"`                   // a Zipkin's address for spans; empty: nothing is kept
	Share float64       `envconfig:"TRACES_SHARE" default:"0.05"` // of all traces, from 0 to 1
	Slow  time.Duration `envconfig:"TRACES_SLOW" default:"1s"`    // what takes longer is kept besides, and what fails
	Token string        `envconfig:"APP_API_TOKEN"`               // nobody outside can tell which traces are kept
}

// endLimit is how long the last spans may take to get away.
const endLimit = 2 * time.Second

// Begin has the spans of the service app kept from now on, as the settings say. Its error names a setting that is wrong. The
// caller ends it when the service has stopped.
func Begin(app string, log *slog.Logger) (end func(), err error) {
	var cfg settings
	if err := envconfig.Process("", &cfg); err != nil {
		return nil, errors.New("setting: TRACES_SHARE must be 0 to 1, and TRACES_SLOW like 1s")
	}
	if cfg.Share < 0 || cfg.Share > 1 || cfg.Slow <= 0 {
		return nil, errors.New("setting: TRACES_SHARE must be 0 to 1, and TRACES_SLOW above 0")
	}
	s := newSharing(cfg.Share, cfg.Token)
	rule.Store(s)
	if cfg.To == "" {
		return func() {}, nil
	}
	if u, err := url.Parse(cfg.To); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("setting: TRACES_TO must be an address such as http://zipkin:9411/api/v2/spans")
	}
	k := newKeeper(&zipkin{app: app, url: cfg.To}, cfg.Slow, log)
	otel.SetTracerProvider(sdktrace.NewTracerProvider(
		sdktrace.WithResource(sdkresource.Empty()), sdktrace.WithSampler(s), sdktrace.WithSpanProcessor(k)))
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), endLimit)
		defer cancel()
		_ = k.Shutdown(ctx) // it has said what it lost
	}, nil
}
