package dapr

import "marketplace/shared/metrics"

// What a nudge has found that nobody had seen to before.
const (
	rescued = "published" // committed, and its events perhaps not with the broker: they were published (again)
	waited  = "waiting"   // not committed yet
	never   = "never"     // not committed, nor will be
)

var (
	publishing  = metrics.NewGauge("outbox_publishing", "Committed changes whose events are on their way to the broker this moment.")
	publishTime = metrics.NewHistogram("outbox_publish_seconds",
		"How long it took after a command's change was saved until the broker had its events.", []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5})
	leftOver = metrics.NewCounter("outbox_left_over_total", "Committed changes whose events could not be published at once: a nudge will see to them.")
	nudged   = metrics.NewCounter("outbox_nudges_total",
		"Commands that a nudge found unsettled on the replica that heard it, by what it found: published (it published the events, perhaps again), waiting (not saved yet), never (and will not be).",
		"found")
)

func init() {
	for _, found := range []string{rescued, waited, never} {
		nudged.Expect(found)
	}
}
