package admission

import "time"

const (
	start   = 8.0 // until the first second has shown better
	least   = 1.0
	prompt  = 150 * time.Millisecond // what nobody notices: work that takes less is never too slow
	crowded = 4                      // times as long as alone is too slow, where alone takes longer than that
	window  = 200 * time.Millisecond // between two changes, if there was enough to see
	enough  = 10                     // answers, to judge by
	rested  = 2 * time.Second        // then fewer will do
	several = 5                      // one slow answer in so many is no accident
	// alone is remembered for one to two of these: what a machine can do changes.
	memory = 5 * time.Minute
)

// limit is how much may be under way at once. It finds itself: a little more while all that is asked for is answered as
// promptly as ever, a fifth less as soon as it is not.
type limit struct {
	n        float64
	changed  time.Time // work begun before it tells of another limit
	seen     int
	slow     int
	peak     int // of what was under way since
	full     bool
	alone    map[string]time.Duration // by kind: the shortest that it took
	before   map[string]time.Duration // in the period before
	turnedAt time.Time
}

func newLimit(now time.Time) limit {
	return limit{n: start, changed: now, alone: map[string]time.Duration{}, turnedAt: now}
}

// room is how much may be under way.
func (l *limit) room() int { return int(max(l.n, least)) }

// under notes how much is under way, and whether more would have been.
func (l *limit) under(way int, full bool) {
	l.peak, l.full = max(l.peak, way), l.full || full
}

// took takes in that work of a kind was done, from began until now.
func (l *limit) took(kind string, began, now time.Time) {
	took := now.Sub(began)
	l.remember(kind, took, now)
	if began.Before(l.changed) {
		return
	}
	l.seen++
	if took > l.patience(kind) {
		l.slow++
	}
	passed := now.Sub(l.changed)
	if passed < window || l.seen < enough && passed < rested {
		return
	}
	switch {
	case l.slow*several >= l.seen && 2*l.peak >= l.room(): // when little is under way, something else is slow
		l.less()
	case l.slow*several < l.seen && l.full:
		l.n += max(1, l.n/10)
	}
	l.begin(now)
}

func (l *limit) less() { l.n = max(least, min(l.n, max(least, float64(l.peak)))*0.8) }

// ease takes in that it is too much for reasons that nobody here can see.
func (l *limit) ease(now time.Time) {
	l.less()
	l.begin(now)
}

func (l *limit) begin(now time.Time) {
	l.changed, l.seen, l.slow, l.peak, l.full = now, 0, 0, 0, false
}

// patience is how long work of a kind may take.
func (l *limit) patience(kind string) time.Duration { return max(prompt, crowded*l.best(kind)) }

// best is how long work of a kind takes when nothing is in its way, 0 when that is not known.
func (l *limit) best(kind string) time.Duration {
	now, known := l.alone[kind]
	before, knew := l.before[kind]
	switch {
	case known && knew:
		return min(now, before)
	case known:
		return now
	}
	return before
}

func (l *limit) remember(kind string, took time.Duration, now time.Time) {
	if now.Sub(l.turnedAt) > memory {
		l.before, l.alone, l.turnedAt = l.alone, map[string]time.Duration{}, now
	}
	if best, known := l.alone[kind]; !known || took < best {
		l.alone[kind] = took
	}
}
