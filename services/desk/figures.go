package main

import (
	"context"
	"math"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/shelf"
	"marketplace/shared/events"
	"marketplace/shared/metrics"
)

var (
	arrived = metrics.NewCounter("dead_letters_total", "Events that a service could not handle and that the desk has taken, by that service.", "service")
	settled = metrics.NewCounter("dead_letters_settled_total", "Dead letters that an operator settled, by how: replayed, dropped.", "how")
)

func init() {
	for _, app := range events.Deadly() {
		arrived.Expect(app)
	}
	settled.Expect(string(letter.Replayed))
	settled.Expect(string(letter.Dropped))
}

// count counts what a change has made of a letter.
func count(before, after letter.Letter) {
	if after.State != before.State && after.State != letter.Waiting {
		settled.Inc(string(after.State))
	}
}

const lookLimit = 3 * time.Second

// showWaiting has read, whenever somebody looks at the figures, what waits. Every replica says the same; one that cannot read it
// says that it is no number.
func (s *server) showWaiting() {
	read := func(say func([]shelf.Entry) float64) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
			defer cancel()
			all, err := s.waiting.All(ctx)
			if err != nil {
				return math.NaN()
			}
			return say(all)
		}
	}
	metrics.Ask("dead_letters_waiting", "Dead letters that wait for an operator, by every replica alike.",
		read(func(all []shelf.Entry) float64 { return float64(len(all)) }))
	metrics.Ask("dead_letter_age_seconds", "How long the oldest dead letter has waited, 0 when none does; by every replica alike.", read(func(all []shelf.Entry) float64 {
		if len(all) == 0 {
			return 0
		}
		return max(0, s.now().Sub(time.UnixMilli(all[len(all)-1].At)).Seconds())
	}))
}
