package poison_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/service/poison"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// fails tries event at each of these seconds and returns what was said the last time.
func fails(s *poison.Suspects, event string, seconds ...int) (enough bool) {
	for _, at := range seconds {
		enough = s.Fails(event, 10*time.Second, start.Add(time.Duration(at)*time.Second))
	}
	return enough
}

func TestPatienceEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		seconds []int
		enough  bool
	}{
		{"the first time", []int{0}, false},
		{"often, but within a moment", []int{0, 0, 1, 1, 2, 2, 3, 9}, false},
		{"often, and for long enough", []int{0, 1, 2, 3, 10}, true},
		{"rarely: who should have tried was away", []int{0, 60, 120, 180}, false},
		{"the fifth time", []int{0, 60, 120, 180, 240}, true},
		{"again after it was condemned", []int{0, 1, 2, 3, 10, 300}, true},
		{"so much later that it is forgotten", []int{0, 1, 2, 3, 10, 700}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.enough, fails(new(poison.Suspects), "e", c.seconds...))
		})
	}
}

func TestEachEventHasItsOwnTime(t *testing.T) {
	s := new(poison.Suspects)
	assert.False(t, fails(s, "one", 0, 1, 2, 3))
	assert.False(t, fails(s, "two", 10, 11, 12, 13))
	assert.True(t, fails(s, "one", 14))
}

func TestWhatIsClearedBeginsAnew(t *testing.T) {
	s := new(poison.Suspects)
	fails(s, "e", 0, 1, 2, 3, 4)
	s.Clear("e")
	assert.False(t, fails(s, "e", 20, 21, 22, 23))
	assert.True(t, fails(s, "e", 30))
}
