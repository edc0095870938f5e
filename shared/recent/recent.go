// Package recent remembers the latest of many.
package recent

import "sync"

// Set is a set of strings that forgets: it holds at least the last size members, at most twice as many. Its methods may
// be called from several goroutines.
type Set struct {
	mu         sync.Mutex
	size       int
	young, old map[string]struct{}
}

// New is a set without members.
func New(size int) *Set { return &Set{size: size, young: map[string]struct{}{}} }

// Add puts a member in.
func (s *Set) Add(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= s.size {
		s.young, s.old = map[string]struct{}{}, s.young
	}
	s.young[member] = struct{}{}
}

// Has tells whether a member is in it, and was not forgotten.
func (s *Set) Has(member string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, young := s.young[member]
	_, old := s.old[member]
	return young || old
}
