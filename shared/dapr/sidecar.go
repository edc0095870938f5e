// Package dapr is all that services know of their sidecar: state with ETags, the outbox, publishing, jobs and invocation,
// behind interfaces of one to three methods. Which store or broker is behind the sidecar is none of their business.
package dapr

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	sdk "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"marketplace/shared/events"
	"marketplace/shared/trace"
)

// Names of the components, the same in every folder of components/.
const (
	stateStore = "statestore"
	PubSub     = "pubsub"     // events: each to one replica of every service that subscribes
	Broadcast  = "broadcast"  // the same events to every replica that listens, as long as it listens
	OutboxBus  = "outbox"     // a service's messages to itself
	mailServer = "mailserver" // an output binding; a market without it works, and writes to nobody
)

// callLimit bounds each call to the sidecar: a store that is gone can hold one for 30 s.
const callLimit = 5 * time.Second

// Config is where the sidecar listens. The Dapr CLI and the Kubernetes injector set both.
type Config struct {
	HTTPPort string `envconfig:"DAPR_HTTP_PORT" required:"true"`
	GRPCPort string `envconfig:"DAPR_GRPC_PORT" required:"true"`
}

// Sidecar is the connection to the sidecar. It implements Store, Publisher, Scheduler and Invoker.
type Sidecar struct {
	sdk  sdk.Client
	http *http.Client
	base string // of the sidecar's HTTP API

	lastFailed atomic.Int64 // when publishing began to fail, Unix nanoseconds, 0 while it succeeds
}

// reconnect is how a lost sidecar is looked for: soon and often, since it is on this machine. gRPC's default would wait
// up to two minutes.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: time.Second,
}

// Connect prepares the connection. It does not wait for the sidecar: calls fail until it is there.
func Connect(cfg Config) (*Sidecar, error) {
	conn, err := grpc.NewClient(net.JoinHostPort("127.0.0.1", cfg.GRPCPort),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(reconnect), grpc.WithUnaryInterceptor(sendTrace))
	if err != nil {
		return nil, fmt.Errorf("connect to the sidecar: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256 // all calls go to one host
	return &Sidecar{
		sdk:  sdk.NewClientWithConnection(conn),
		http: &http.Client{Transport: transport},
		base: "http://" + net.JoinHostPort("127.0.0.1", cfg.HTTPPort),
	}, nil
}

// Close ends the connection.
func (s *Sidecar) Close() { s.sdk.Close() }

// Base is the address of the sidecar's HTTP API and Transport the way to it, for a reverse proxy.
func (s *Sidecar) Base() string                 { return s.base }
func (s *Sidecar) Transport() http.RoundTripper { return s.http.Transport }

// Ready returns nil when the sidecar has started its components and can be called.
func (s *Sidecar) Ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/v1.0/healthz/outbound", nil)
	if err != nil {
		return err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoSidecar, err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the sidecar says %s", resp.Status)
	}
	return nil
}

// Publisher publishes events.
type Publisher interface {
	Publish(ctx context.Context, e events.Event) error
}

// Publish returns once the broker has stored e, Unavailable when it does not answer.
func (s *Sidecar) Publish(ctx context.Context, e events.Event) error {
	err := s.publish(ctx, component(e.Topic), e)
	s.noteBroker(ctx, err)
	return err
}

func (s *Sidecar) publish(ctx context.Context, component string, e events.Event) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err := s.sdk.PublishEvent(limited, component, e.Topic, []byte(e.Data),
		sdk.PublishEventWithContentType("application/json"),
		sdk.PublishEventWithMetadata(map[string]string{
			"cloudevent.id":      e.ID, // a broker that knows duplicates knows them by this
			"cloudevent.type":    e.Type,
			"cloudevent.subject": e.Subject,
		}))
	if err != nil {
		return down(fmt.Errorf("publish %s: %w", e.ID, err))
	}
	return nil
}

// PublishRaw publishes a message as it is, envelope and all. It returns once the broker has stored it.
func (s *Sidecar) PublishRaw(ctx context.Context, topic string, message []byte) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err := s.sdk.PublishEvent(limited, component(topic), topic, message,
		sdk.PublishEventWithContentType("application/json"), sdk.PublishEventWithMetadata(map[string]string{"rawPayload": "true"}))
	if err != nil {
		return down(fmt.Errorf("publish to %s: %w", topic, err))
	}
	return nil
}

func component(topic string) string {
	if events.IsOutbox(topic) {
		return OutboxBus
	}
	return PubSub
}

// sendTrace makes a call part of its caller's trace.
func sendTrace(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if t := trace.Parent(ctx); t != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", t)
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}
