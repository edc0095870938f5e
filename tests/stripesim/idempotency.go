package main

import (
	"net/http"
	"sync"
)

// keptAnswer is the first result under an idempotency key, an error as much as a success.
type keptAnswer struct {
	Key         string `json:"key"`
	Path        string `json:"path"`
	Fingerprint string `json:"fingerprint"` // of the parameters, see params.fingerprint
	answer
}

// claim takes the call's idempotency key for as long as the call runs; release gives it back, once.
// When the key has a result already, that is what to answer. Keys are only for POST, and are never
// forgotten: Stripe promises 24 hours, and nobody should count on them ending.
//
// It refuses a key that is in use (409) and one that was first used for another call (400).
func (s *simulator) claim(c *call) (kept *answer, release func(), refusal *apiError) {
	release = func() {}
	if c.r.Method != http.MethodPost {
		return nil, release, nil
	}
	c.key = c.r.Header.Get("Idempotency-Key")
	switch {
	case c.key == "":
		return nil, release, nil
	case len(c.key) > 255:
		return nil, release, idempotencyError(http.StatusBadRequest, "", "Idempotency keys can be up to 255 characters long.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	if _, busy := s.running[c.key]; busy {
		return nil, release, idempotencyError(http.StatusConflict, "idempotency_key_in_use",
			"There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, "+
				"and the other request is still going through): %s. Please try again later.", c.key)
	}
	if first, ok := s.ledger.answers[c.key]; ok {
		switch {
		case first.Path != c.r.URL.Path:
			return nil, release, idempotencyError(http.StatusBadRequest, "",
				"Keys for idempotent requests can only be used for the same endpoint they were first used for ('%s' vs '%s'). "+
					"Try using a key other than '%s' if you meant to execute a different request.", c.r.URL.Path, first.Path, c.key)
		case first.Fingerprint != c.params.fingerprint():
			return nil, release, idempotencyError(http.StatusBadRequest, "",
				"Keys for idempotent requests can only be used with the same parameters they were first used with. "+
					"Try using a key other than '%s' if you meant to execute a different request.", c.key)
		}
		kept = &first.answer
	}
	s.running[c.key] = struct{}{}
	return kept, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, c.key)
	}), nil
}
