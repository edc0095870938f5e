package admission

import (
	"math"
	"time"
)

// fading is how long it takes a count to lose most of what it has.
const fading = 2 * time.Second

// faded counts what happened lately.
type faded struct {
	n    float64
	last time.Time
}

func (f *faded) add(now time.Time) {
	f.n = f.at(now) + 1
	f.last = now
}

func (f *faded) at(now time.Time) float64 {
	if f.last.IsZero() {
		return 0
	}
	return f.n * math.Exp(-max(0, now.Sub(f.last).Seconds())/fading.Seconds())
}
