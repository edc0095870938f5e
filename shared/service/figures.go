package service

import (
	"context"
	"net/http"
	"time"

	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/metrics"
)

// What became of a delivery, a job or a key, as the figures have it.
const (
	handled = "handled"
	retried = "retried" // asked for again
	dropped = "dropped" // nobody will see it again
	dead    = "dead"    // sent to the dead letters

	begun    = "begun"    // the request's first try, or another after one that failed
	repeated = "repeated" // done before
	refused  = "refused"  // under way, or another request's
	unknown  = "unknown"  // the store did not say
)

var (
	eventsTotal = metrics.NewCounter("events_total",
		"Deliveries of events, by topic, by the component that brought them, and by outcome: handled, retried (asked for again), dropped, dead (sent to the dead letters).",
		"topic", "component", "outcome")
	eventLag = metrics.NewHistogram("event_lag_seconds",
		"From when an event was published until it was handled. A sidecar notes whole seconds: what is measured is up to one second too long, never too short.",
		[]float64{1, 2, 3, 5, 10, 30, 60, 300, 1800}, "topic")
	jobsTotal = metrics.NewCounter("jobs_total", "Jobs that rang, by kind and outcome: handled, retried (rings again), dropped (given up).", "job", "outcome")
	keysTotal = metrics.NewCounter("idempotency_keys_total",
		"Requests with an Idempotency-Key, by outcome: begun, repeated (answered as before), refused (another request under the key, or the same still under way), unknown (the store did not answer).",
		"outcome")
)

func init() {
	for _, outcome := range []string{begun, repeated, refused, unknown} {
		keysTotal.Expect(outcome)
	}
}

// patience with what is asked when somebody looks at the figures.
const healthLimit = 5 * time.Second

func (r *Routes) healthy() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), healthLimit)
	defer cancel()
	if r.missing(ctx, r.everything()) != nil {
		return 0
	}
	return 1
}

// measure has the answers of a route taken in. What the sidecar does by itself is counted as events and jobs, and health
// checks not at all.
func (r *Routes) measure(method, path string) {
	by := r.paths[path].by
	by[method] = metrics.Measured(path, by[method])
	if method == http.MethodGet {
		by[http.MethodHead] = by[method]
	}
}

func expectEvents(s subscription) {
	outcomes := []string{handled, retried, dropped}
	if s.DeadLetter != "" {
		outcomes[2] = dead
		eventLag.Expect(s.Topic)
	}
	for _, outcome := range outcomes {
		eventsTotal.Expect(s.Topic, s.PubSub, outcome)
	}
}

// countEvent counts a delivery. How late it came counts only where it had to come: broadcasts may be missed, and nudges take
// their time.
func countEvent(s subscription, e events.Envelope, outcome fault.Outcome, now time.Time) {
	switch {
	case outcome == fault.Retry:
		eventsTotal.Inc(s.Topic, s.PubSub, retried)
	case outcome == fault.Drop && s.DeadLetter != "":
		eventsTotal.Inc(s.Topic, s.PubSub, dead)
	case outcome == fault.Drop:
		eventsTotal.Inc(s.Topic, s.PubSub, dropped)
	default:
		eventsTotal.Inc(s.Topic, s.PubSub, handled)
		if published, err := time.Parse(time.RFC3339, e.Time); err == nil && s.DeadLetter != "" {
			eventLag.Observe(max(0, now.Sub(published).Seconds()), s.Topic) // less than 0: clocks differ
		}
	}
}

func expectJobs(job string) {
	for _, outcome := range []string{handled, retried, dropped} {
		jobsTotal.Expect(job, outcome)
	}
}

func countJob(job string, err error) {
	switch {
	case fault.OutcomeOf(err) == fault.Retry:
		jobsTotal.Inc(job, retried)
	case err != nil:
		jobsTotal.Inc(job, dropped)
	default:
		jobsTotal.Inc(job, handled)
	}
}

func countKey(q request, err error) {
	switch {
	case fault.KindOf(err) == fault.Conflict:
		keysTotal.Inc(refused)
	case err != nil:
		keysTotal.Inc(unknown)
	case q.Done:
		keysTotal.Inc(repeated)
	default:
		keysTotal.Inc(begun)
	}
}
