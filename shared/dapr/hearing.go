package dapr

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// A replica can stop hearing broadcasts while everything looks healthy: its connection has given up during an outage, or
// the broker has forgotten that it listened. Broadcasts come once at most, so it does not even know what it missed. It
// therefore publishes heartbeats by the component by which it hears, and waits for them.
const (
	deafAfter   = 10 * time.Second // of heartbeats that are not heard; what was broadcast since may be missed
	hopelessFor = 30 * time.Second // of deafness while the broker is there; nothing but another sidecar will mend it
)

// Hearing watches that a replica hears broadcasts. Its methods may be called from several goroutines.
type Hearing struct {
	sidecar     voice
	brokerThere func(context.Context) error // nil: it is, by another way than ours
	catchUp     func()
	now         clock.Now
	log         *slog.Logger
	name        string // what the ids of our heartbeats begin with

	mu       sync.Mutex
	lastLook time.Time
	lastBeat time.Time
	silent   time.Time // since when no heartbeat of ours was heard, zero when the last one was
	hopeless time.Time // since when that is so although the broker is there, zero when it is not
	patience time.Duration
	heard    bool // at least once
	missed   bool // broadcasts may have been missed
}

// voice is what it needs of a sidecar.
type voice interface {
	Beat(ctx context.Context, id string) error
	Leave(ctx context.Context)
}

// NewHearing is the Hearing of a service whose Routes it is given to (see service.Routes.Hears). brokerThere tells, by
// another way than broadcasts, that the broker is there: a sidecar that starts without one would not come back. catchUp is
// called when broadcasts may have been missed and are heard again. It must not block.
func NewHearing(s voice, brokerThere func(context.Context) error, catchUp func(), now clock.Now, log *slog.Logger) *Hearing {
	return &Hearing{sidecar: s, brokerThere: brokerThere, catchUp: catchUp, now: now, log: log, name: rand.Text(), patience: hopelessFor}
}

// Watch beats and listens until ctx ends.
func (h *Hearing) Watch(ctx context.Context) {
	for ; ctx.Err() == nil; clock.Wait(ctx, beatAnxious) {
		h.look(ctx)
	}
}

// look beats if it is time to, and has the sidecar started anew when that is the only way to hear again.
func (h *Hearing) look(ctx context.Context) {
	if !h.isDue() {
		return
	}
	there := h.sidecar.Beat(ctx, h.name+"."+rand.Text()) == nil || h.brokerThere(ctx) == nil
	if h.isHopeless(there) && ctx.Err() == nil {
		h.sidecar.Leave(ctx)
	}
}

func (h *Hearing) isDue() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	h.missed = h.missed || h.heard && now.Sub(h.lastLook) > deafAfter // we stood still, and our sidecar has listened for nobody
	h.lastLook = now
	if h.silent.IsZero() && now.Sub(h.lastBeat) < beatCalm {
		return false
	}
	h.lastBeat = now
	if h.silent.IsZero() {
		h.silent = now // until we hear it
	}
	return true
}

// isHopeless takes in whether the broker was there when we last beat. When it says yes the time begins anew, twice as long.
func (h *Hearing) isHopeless(there bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if h.silent.IsZero() {
		return false
	}
	h.missed = h.missed || now.Sub(h.silent) >= deafAfter
	switch {
	case !there:
		h.hopeless = time.Time{} // and nobody else hears anything either
	case h.hopeless.IsZero():
		h.hopeless = now
	case now.Sub(h.hopeless) >= h.patience:
		h.log.Error("no broadcast is heard although the broker is there: the sidecar must start anew", "deaf", now.Sub(h.silent).String())
		h.hopeless = time.Time{}
		h.patience *= 2 // what it does not mend must not keep the sidecar away
		return true
	}
	return false
}

// Heard takes in a heartbeat that was broadcast. Others' are nothing to it: they may be old.
func (h *Hearing) Heard(_ context.Context, e events.Envelope) error {
	if !strings.HasPrefix(e.ID, h.name+".") {
		return nil
	}
	h.mu.Lock()
	missed := h.missed
	h.silent, h.hopeless, h.patience = time.Time{}, time.Time{}, hopelessFor
	h.heard, h.missed = true, false
	h.mu.Unlock()
	if missed {
		h.log.Warn("broadcasts are heard again, some may have been missed")
		h.catchUp()
	}
	return nil
}

// Subscribes takes in that a sidecar asks what we want to hear, which it does once. When we have heard something before, by
// another one, what was broadcast in between is missed.
func (h *Hearing) Subscribes() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed = h.missed || h.heard
	h.lastBeat = time.Time{} // the next look beats
}

// Ready returns nil while broadcasts are heard.
func (h *Hearing) Ready(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if deaf := h.now().Sub(h.silent); !h.silent.IsZero() && deaf > deafAfter {
		return fault.Down(nil, "No broadcast has been heard for %v", deaf.Round(time.Second))
	}
	return nil
}

// Sure tells whether every broadcast has been heard, as far as we know.
func (h *Hearing) Sure() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.missed && (h.silent.IsZero() || h.now().Sub(h.silent) <= deafAfter)
}

// Beat publishes a heartbeat to whoever hears broadcasts.
func (s *Sidecar) Beat(ctx context.Context, id string) error {
	return s.publish(ctx, Broadcast, heartbeat(id))
}
