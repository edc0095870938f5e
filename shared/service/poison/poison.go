// Package poison tells an event that nobody can handle from one that came at a bad time.
package poison

import (
	"sync"
	"time"
)

// Suspects remembers which events could not be handled, and since when. It is one process's memory: after a restart an
// event gets its time anew. The zero Suspects knows none. Its methods may be called from several goroutines.
type Suspects struct {
	mu      sync.Mutex
	failing map[string]suspect
}

type suspect struct {
	first, last time.Time
	tries       int
}

const (
	// leastTries keep an event whose tries lay far apart, because nobody was there in between, from being condemned for
	// the time alone.
	leastTries = 5
	// memory is how long one is remembered that is not seen any more. What was condemned may come again: the broker had
	// sent it a second time meanwhile, or somebody has it replayed. Then it gets one try.
	memory = 10 * time.Minute
)

// Fails notes that event could not be handled at now, and tells whether patience with it is at an end.
func (s *Suspects) Fails(event string, patience time.Duration, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, seen := range s.failing {
		if now.Sub(seen.last) > memory {
			delete(s.failing, other)
		}
	}
	seen, known := s.failing[event]
	if !known {
		seen.first = now
	}
	seen.last = now
	seen.tries++
	if s.failing == nil {
		s.failing = map[string]suspect{}
	}
	s.failing[event] = seen
	return seen.tries >= leastTries && now.Sub(seen.first) >= patience
}

// Clear forgets event: it was handled, or it was not its fault that it was not.
func (s *Suspects) Clear(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failing, event)
}
