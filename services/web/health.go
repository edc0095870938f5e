package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// Anybody may ask how we are, and the answer costs an invocation of every service. Whoever asks within these times of an
// answer gets the same.
const (
	wellFor    = time.Second
	unwellFor  = 250 * time.Millisecond // who waits for a part to come back learns of it sooner
	healthWait = 5 * time.Second        // for all services together
)

// everyServiceReady is ready when everything behind web is. Its error names the service that is not.
func everyServiceReady(sidecar dapr.Invoker) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, app := range []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk"} {
			if err := sidecar.Invoke(ctx, app, http.MethodGet, "/healthz", nil, nil); err != nil {
				return fault.Down(err, "%s is not ready", app)
			}
		}
		return nil
	}
}

// brokerThere tells by a service that publishes whether the broker takes events.
func brokerThere(sidecar dapr.Invoker) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, healthWait)
		defer cancel()
		return sidecar.Invoke(ctx, "orders", http.MethodGet, "/healthz", nil, nil)
	}
}

// lately asks check once for all who want to know at about the same time.
func lately(check func(context.Context) error, now clock.Now) func(context.Context) error {
	var mu sync.Mutex
	var until time.Time
	var answer error
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if now().Before(until) {
			return answer
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthWait) // whoever asked first may leave; the others want to know
		defer cancel()
		if answer = check(ctx); answer == nil {
			until = now().Add(wellFor)
		} else {
			until = now().Add(unwellFor)
		}
		return answer
	}
}
