package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/events"
)

// A service is behind when events get to it late, by what sidecars write in whole seconds, and only as long as they do.
func TestBehind(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var l lateness
	hear := func(topic string, late time.Duration, n int) {
		for range n {
			now = now.Add(50 * time.Millisecond)
			l.took(topic, events.Envelope{Time: now.Add(-late).Truncate(time.Second).Format(time.RFC3339)}, now)
		}
	}
	hear("payments", 200*time.Millisecond, 40)
	assert.Zero(t, l.behind(now), "what is cut off does not make it late")
	hear("payments", 1900*time.Millisecond, 40)
	assert.InDelta(t, 2.1, l.behind(now).Seconds(), 0.35)
	hear("tickets", 0, 15)
	assert.NotZero(t, l.behind(now), "another topic does not make up for it")
	hear("payments", 200*time.Millisecond, 40)
	assert.Zero(t, l.behind(now), "it has caught up")

	now = now.Add(time.Minute)
	hear("payments", 10*time.Second, 4)
	assert.Zero(t, l.behind(now), "a few that are late may be events sent again")
	hear("payments", 10*time.Second, 1)
	assert.NotZero(t, l.behind(now))
	now = now.Add(behindFor + time.Millisecond)
	assert.Zero(t, l.behind(now), "nothing more is heard: there is nothing more")
	l.took("payments", events.Envelope{Time: "soon"}, now)
}
