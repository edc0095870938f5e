package dapr

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
)

// A sidecar's connection to the broker can die for good while the sidecar itself looks healthy: some components give up
// minutes into an outage (components-contrib issue 4563). So every service that publishes events publishes
// a heartbeat, is not healthy while that fails, and when it fails for longer than any outage the
// connection survives, asks the sidecar to leave, so that whoever keeps it running starts it anew.
// Whether a replica still hears anything is for Hearing to watch.
const (
	beatCalm    = 20 * time.Second // between heartbeats while they succeed
	beatAnxious = 2 * time.Second  // and while they fail
	givenUp     = 150 * time.Second
)

// WatchBroker beats until ctx ends.
func (s *Sidecar) WatchBroker(ctx context.Context, log *slog.Logger) {
	var last time.Time
	for ; ctx.Err() == nil; clock.Wait(ctx, beatAnxious) {
		if s.brokerDown() == 0 && time.Since(last) < beatCalm {
			continue
		}
		last = time.Now()
		err := s.Publish(ctx, heartbeat(rand.Text()))
		if down := s.brokerDown(); down > givenUp && !errors.Is(s.Ready(ctx), errNoSidecar) {
			log.Error("the broker has not answered for so long that the sidecar must start anew", "down", down.String(), "error", err)
			s.Leave(ctx)
			s.lastFailed.Store(0)
		}
	}
}

func heartbeat(id string) events.Event {
	return events.Event{ID: id, Type: "heartbeat", Topic: events.HeartbeatsTopic, Data: []byte(`{}`)}
}

// noteBroker remembers since when publishing fails.
func (s *Sidecar) noteBroker(ctx context.Context, err error) {
	switch {
	case err == nil:
		s.lastFailed.Store(0)
	case ctx.Err() == nil: // else the caller has left, which says nothing
		s.lastFailed.CompareAndSwap(0, time.Now().UnixNano())
	}
}

// brokerDown is how long publishing has failed, 0 while it succeeds.
func (s *Sidecar) brokerDown() time.Duration {
	if since := s.lastFailed.Load(); since != 0 {
		return time.Since(time.Unix(0, since))
	}
	return 0
}

// Leave asks the sidecar to end, so that whoever keeps it running starts it anew.
func (s *Sidecar) Leave(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/v1.0/shutdown", nil)
	if err != nil {
		return
	}
	if resp, err := s.http.Do(req); err == nil {
		resp.Body.Close()
	}
}

// BrokerReady returns nil while the broker takes events.
func (s *Sidecar) BrokerReady(context.Context) error {
	if down := s.brokerDown(); down > beatAnxious {
		return fmt.Errorf("the broker has not taken an event for %v", down.Round(time.Second))
	}
	return nil
}

var errNoSidecar = errors.New("the sidecar does not answer")
