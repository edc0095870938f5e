package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A place is kept for who comes back, and cannot be made up, lent, hoarded or used twice.
func TestPlaces(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := noon
	p := New("secret", func() time.Time { return now })
	first := p.Find("", "ann", "buy")
	assert.Equal(t, noon, first.Arrived)
	token := p.Keep(first, "ann", "buy")
	later := noon.Add(time.Minute)
	now = later

	is := func(want time.Time, token, who, what, why string) {
		t.Helper()
		assert.True(t, want.Equal(p.Find(token, who, what).Arrived), why)
	}
	is(noon, token, "ann", "buy", "she has come back")
	is(noon, p.Keep(p.Find(token, "ann", "buy"), "ann", "buy"), "ann", "buy", "and again")
	is(later, token, "bob", "buy", "it is hers")
	is(later, token, "ann", "look", "it is for something else")
	is(later, strings.Replace(token, "17", "16", 1), "ann", "buy", "it says another time")
	is(later, "1-2-x.", "ann", "buy", "it is signed by nobody")
	is(later, New("another", p.now).Keep(first, "ann", "buy"), "ann", "buy", "it is signed by somebody else")
	for _, nonsense := range []string{".", "x", "a.b.c", "1-1-1.1"} {
		is(later, nonsense, "ann", "buy", nonsense)
	}
	another := New("secret", p.now)
	assert.True(t, noon.Equal(another.Find(token, "ann", "buy").Arrived), "another replica knows it")

	now = noon.Add(Kept + time.Second)
	is(now, token, "ann", "buy", "she has not come for too long")
	now = later
	p.Use(p.Find(token, "ann", "buy"))
	is(later, token, "ann", "buy", "she was let in by it")
}
