package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"marketplace/shared/admission"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
)

const (
	askBehind  = 400 * time.Millisecond // between two questions
	pressLimit = time.Second
	tooLate    = 2.0 // seconds
	// heldBack is how long nothing new is let in for an answer: until the next.
	heldBack = askBehind + 200*time.Millisecond
)

// following are the services that follow up what is placed and listed.
var following = []string{"tickets", "orders", "expiration", "handover"}

// holdBack lets in less while events get late to one of the services that have to follow it up, and nothing new while they get
// there too late. They are asked while there is much to do.
func (s *site) holdBack(ctx context.Context, sidecar dapr.Invoker) {
	for clock.Wait(ctx, askBehind) {
		if !s.door.Pressed() {
			continue
		}
		switch late := latestOf(ctx, sidecar); {
		case late >= tooLate:
			s.door.Shut(admission.Begin, heldBack)
			s.door.Ease()
		case late > 0:
			s.door.Ease()
		}
	}
}

// latestOf is how late events get to the service that is latest, in seconds. One that says nothing is not.
func latestOf(ctx context.Context, sidecar dapr.Invoker) float64 {
	ctx, cancel := context.WithTimeout(ctx, pressLimit)
	defer cancel()
	late := make([]float64, len(following))
	var all sync.WaitGroup
	for i, app := range following {
		all.Go(func() {
			var said struct{ Behind float64 }
			if sidecar.Invoke(ctx, app, http.MethodGet, "/healthz", nil, &said) == nil {
				late[i] = said.Behind
			}
		})
	}
	all.Wait()
	return slices.Max(late)
}
