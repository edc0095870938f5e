package dapr_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// air carries heartbeats from a replica back to it.
type air struct {
	hearing  *dapr.Hearing
	deaf     bool          // what is published does not come back
	mute     bool          // nothing can be published by this sidecar
	away     bool          // nor by any other
	slow     time.Duration // that publishing takes
	left     []int         // when the sidecar was asked to leave, in seconds
	caughtUp []int
	began    time.Time
}

func (a *air) seconds() int { return int(time.Since(a.began).Round(time.Second).Seconds()) }

func (a *air) Beat(ctx context.Context, id string) error {
	time.Sleep(a.slow)
	if a.mute || a.away {
		return errors.New("the broker does not answer")
	}
	if !a.deaf {
		return a.hearing.Heard(ctx, events.Envelope{ID: id, Type: "heartbeat"})
	}
	return a.hearing.Heard(ctx, events.Envelope{ID: "another replica's", Type: "heartbeat"})
}

func (a *air) Leave(context.Context) { a.left = append(a.left, a.seconds()) }

func (a *air) there(context.Context) error {
	if a.away {
		return errors.New("nobody's broker answers")
	}
	return nil
}

// hearing runs a story with a replica that listens, in no time.
func hearing(t *testing.T, story func(a *air)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := &air{began: time.Now()}
		a.hearing = dapr.NewHearing(a, a.there, func() { a.caughtUp = append(a.caughtUp, a.seconds()) }, time.Now, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		go a.hearing.Watch(ctx)
		story(a)
		stop()
	})
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAReplicaThatHearsIsLeftAlone(t *testing.T) {
	hearing(t, func(a *air) {
		a.hearing.Subscribes()
		pass(time.Hour)
		assert.Empty(t, a.left)
		assert.Empty(t, a.caughtUp)
		assert.NoError(t, a.hearing.Ready(t.Context()))
	})
}

// The broker has forgotten the listener: publishing works, nothing comes.
func TestADeafReplicaGetsAnotherSidecarAndCatchesUp(t *testing.T) {
	hearing(t, func(a *air) {
		pass(time.Minute)
		a.deaf = true
		pass(25 * time.Second)
		assert.Empty(t, a.left, "not at once")
		pass(10 * time.Second)
		assert.ErrorContains(t, a.hearing.Ready(t.Context()), "No broadcast")
		pass(25 * time.Second)
		assert.Len(t, a.left, 1)
		assert.Empty(t, a.caughtUp, "there is nothing to catch up on while more is missed")
		a.deaf = false
		pass(3 * time.Second)
		assert.Len(t, a.caughtUp, 1)
		assert.NoError(t, a.hearing.Ready(t.Context()))
		pass(time.Hour)
		assert.Len(t, a.left, 1)
		assert.Len(t, a.caughtUp, 1)
	})
}

// Without a broker a sidecar does not come back, so it stays, however long that takes. When the broker has come back and
// the sidecar's connection has given up, nothing else helps.
func TestASidecarStaysAsLongAsThereIsNoBroker(t *testing.T) {
	hearing(t, func(a *air) {
		pass(time.Minute)
		a.away = true
		pass(10 * time.Minute)
		assert.Empty(t, a.left)
		assert.Error(t, a.hearing.Ready(t.Context()))
		a.away, a.mute = false, true
		pass(40 * time.Second)
		assert.Len(t, a.left, 1)
		a.mute = false
		pass(3 * time.Second)
		assert.Len(t, a.caughtUp, 1)
	})
}

// A connection that survives needs no other sidecar, and yet something may have been missed.
func TestAnOutageThatTheConnectionSurvivesIsCaughtUpOn(t *testing.T) {
	hearing(t, func(a *air) {
		pass(time.Minute)
		a.away = true
		pass(time.Minute)
		a.away = false
		pass(3 * time.Second)
		assert.Empty(t, a.left)
		assert.Len(t, a.caughtUp, 1)
	})
}

func TestBetweenTwoSidecarsSomethingMayBeMissed(t *testing.T) {
	hearing(t, func(a *air) {
		a.deaf = true
		pass(time.Second)
		a.hearing.Subscribes()
		a.deaf = false
		pass(time.Minute)
		assert.Empty(t, a.caughtUp, "before the first one there was nothing to keep up to date")
		a.hearing.Subscribes()
		pass(3 * time.Second)
		assert.Len(t, a.caughtUp, 1)
		assert.Empty(t, a.left)
	})
}

// A process that the machine had no time for: its sidecar takes it for dead and listens no longer.
func TestWhoeverStoodStillCatchesUp(t *testing.T) {
	hearing(t, func(a *air) {
		pass(time.Minute)
		a.slow = 30 * time.Second
		pass(time.Minute)
		a.slow = 0
		pass(time.Minute)
		assert.NotEmpty(t, a.caughtUp)
		assert.Empty(t, a.left)
	})
}

// What another sidecar does not mend must not take the sidecar away all the time.
func TestASidecarIsNotAskedToLeaveForEver(t *testing.T) {
	hearing(t, func(a *air) {
		a.deaf = true
		pass(2 * time.Hour)
		assert.LessOrEqual(t, len(a.left), 8, "at %v", a.left)
		for i := 2; i < len(a.left); i++ {
			assert.Greater(t, a.left[i]-a.left[i-1], a.left[i-1]-a.left[i-2])
		}
	})
}
