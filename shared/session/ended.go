package session

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"marketplace/shared/clock"
)

// Ended says which sessions are over before their time: by user id, those of a lower generation. Ending all sessions of
// an account begins a new generation, so that no two clocks have to agree on what came before.
type Ended map[string]int

// EndsWithin is how long a session that was ended still passes, at most: verifiers ask auth that often, and never while
// a request waits.
const EndsWithin = 30 * time.Second

const (
	askSoon  = 2 * time.Second  // between questions until the first answer
	askAgain = 10 * time.Second // after one without: it may be lost, and all within a minute
	askLimit = 5 * time.Second
)

// Follow asks which sessions are over, again and again until ctx ends. While nobody answers the last answer stands; a
// verifier that has just started and finds nobody to ask takes what is signed and not expired.
func (v *Verifier) Follow(ctx context.Context, ask func(context.Context) (Ended, error), log *slog.Logger) {
	for failing := false; ctx.Err() == nil; {
		limited, cancel := context.WithTimeout(ctx, askLimit)
		ended, err := ask(limited)
		cancel()
		switch {
		case err == nil:
			v.ended.Store(&ended)
		case ctx.Err() == nil && !failing:
			log.Warn("no word on which sessions have been ended", "error", err)
		}
		failing = err != nil
		pause := EndsWithin
		switch {
		case v.ended.Load() == nil:
			pause = askSoon
		case failing:
			pause = askAgain
		}
		clock.Wait(ctx, pause)
	}
}

func (v *Verifier) isOver(userID string, generation int) bool {
	ended := v.ended.Load()
	return ended != nil && generation < (*ended)[userID]
}

// invoker calls another service by its app id.
type invoker interface {
	Invoke(ctx context.Context, app, method, path string, in, out any) error
}

// AskAuth is Follow's question for every service but auth itself.
func AskAuth(sidecar invoker) func(context.Context) (Ended, error) {
	return func(ctx context.Context) (Ended, error) {
		var ended Ended
		err := sidecar.Invoke(ctx, "auth", http.MethodGet, "/internal/sessions/ended", nil, &ended)
		return ended, err
	}
}
