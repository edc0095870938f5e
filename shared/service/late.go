package service

import (
	"sync"
	"time"

	"marketplace/shared/events"
)

const (
	// lateAfter is how long an event may wait before the service counts as behind: several wait for each other in a row.
	lateAfter = 500 * time.Millisecond
	// behindFor is how long it does when nothing more is heard: there is nothing more, or another replica gets it.
	behindFor = time.Second
	lookEvery = time.Second // or longer: it has to have the beginning of a second in it
	fewest    = 5           // events, to judge by
)

// lateness is how late the events that a service must handle get to it.
type lateness struct {
	mu     sync.Mutex
	topics map[string]*arrivals
}

// arrivals are those of one topic, of this moment and the one before. Sidecars note whole seconds: of several events the
// youngest tells how late they are.
type arrivals struct {
	began       time.Time
	now, before arrived
	behind      time.Duration // 0: it is not
	behindAt    time.Time
}

type arrived struct {
	n        int
	youngest time.Duration
}

func (a arrived) with(b arrived) arrived {
	switch {
	case a.n == 0:
		return b
	case b.n == 0:
		return a
	}
	return arrived{a.n + b.n, min(a.youngest, b.youngest)}
}

// took takes in that an event was handled.
func (l *lateness) took(topic string, e events.Envelope, now time.Time) {
	published, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.topics == nil {
		l.topics = map[string]*arrivals{}
	}
	a := l.topics[topic]
	if a == nil {
		a = &arrivals{began: now}
		l.topics[topic] = a
	}
	switch passed := now.Sub(a.began); {
	case passed > 2*lookEvery:
		a.began, a.before, a.now = now, arrived{}, arrived{}
	case passed > lookEvery:
		a.began, a.before, a.now = now, a.now, arrived{}
	}
	a.now = a.now.with(arrived{1, now.Sub(published)})
	lately := a.now.with(a.before)
	switch {
	case lately.youngest <= lateAfter:
		a.behind = 0
	case lately.n >= fewest || a.behind > 0:
		a.behind, a.behindAt = lately.youngest, now
	}
}

// behind is how late they are, 0 while they are not.
func (l *lateness) behind(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := time.Duration(0)
	for _, a := range l.topics {
		if now.Sub(a.behindAt) <= behindFor {
			most = max(most, a.behind)
		}
	}
	return most
}

// Behind is how late the events that the service must handle get to it: 0 while that is no matter, or not known.
func (r *Routes) Behind() time.Duration { return r.late.behind(r.now()) }
