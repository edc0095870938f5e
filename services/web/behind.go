package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"marketplace/shared/admission"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
)

const (
	askBehind = 400 * time.Millisecond // between two questions
	askLimit  = time.Second
	// heldBack is how long nothing new is let in for an answer: until the next.
	heldBack = askBehind + 200*time.Millisecond
)

// following are the services that follow up what is placed and listed.
var following = []string{"tickets", "orders", "expiration", "handover"}

// holdBack lets in nothing new while events get late to one of the services that have to follow it up. They are asked while
// there is much to do.
func (s *site) holdBack(ctx context.Context, sidecar dapr.Invoker) {
	for clock.Wait(ctx, askBehind) {
		if s.door.Pressed() && anyBehind(ctx, sidecar) {
			s.door.Shut(admission.Begin, heldBack)
		}
	}
}

// anyBehind tells whether a service says so; one that says nothing is none.
func anyBehind(ctx context.Context, sidecar dapr.Invoker) bool {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	behind := make([]float64, len(following))
	var all sync.WaitGroup
	for i, app := range following {
		all.Go(func() {
			var said struct{ Behind float64 }
			if sidecar.Invoke(ctx, app, http.MethodGet, "/healthz", nil, &said) == nil {
				behind[i] = said.Behind
			}
		})
	}
	all.Wait()
	for _, late := range behind {
		if late > 0 {
			return true
		}
	}
	return false
}
