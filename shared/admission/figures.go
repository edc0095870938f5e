package admission

import "marketplace/shared/metrics"

// Why somebody was not let in.
const (
	atOnce    = "at_once"   // it would have taken too long
	overtaken = "overtaken" // those before him took longer than they used to, or somebody came who had asked before him
	waited    = "waited"    // for as long as anybody may
	gone      = "gone"      // he has left
)

var (
	refused = metrics.NewCounter("admission_refused_total",
		"Requests that were not let in because more was asked for than can be done, by class (begin: something new, look) and why: at_once, overtaken (by those who came first), waited (for a second), gone (left by themselves).",
		"class", "why")
	waitTime = metrics.NewHistogram("admission_wait_seconds", "How long who was let in after a wait had waited, by class.",
		[]float64{.01, .025, .05, .1, .25, .5, 1}, "class")
)

func count(c Class, why string) { refused.Inc(Classes[c], why) }

// Shown has the door's figures shown. There is one of it in a process.
func (d *Door) Shown() *Door {
	for _, c := range []Class{Begin, Look} {
		for _, why := range []string{atOnce, overtaken, waited, gone} {
			refused.Expect(Classes[c], why)
		}
		waitTime.Expect(Classes[c])
		metrics.Ask("admission_waiting", "Requests that wait at the door, by class.", func() float64 {
			d.mu.Lock()
			defer d.mu.Unlock()
			return float64(len(d.rooms[c].waiting))
		}, "class", Classes[c])
	}
	for c, name := range Classes {
		metrics.Ask("admission_under_way", "Requests that were let in and are not answered yet, by class (finish: of what was begun).", func() float64 {
			d.mu.Lock()
			defer d.mu.Unlock()
			return float64(d.busy[c])
		}, "class", name)
	}
	metrics.Ask("admission_limit", "How much may be under way at once, as the door has found out.", func() float64 {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.limit.n
	})
	return d
}
