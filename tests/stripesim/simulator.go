package main

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// apiVersion is the version of Stripe's API we speak. stripe-go v76 refuses webhooks of any other.
const apiVersion = "2023-10-16"

// simulator is one Stripe account in test mode.
type simulator struct {
	conf    config
	now     func() time.Time
	log     *slog.Logger
	courier *courier // delivers webhooks

	mu      sync.Mutex          // guards what follows; never held while a call is delayed
	ledger  *ledger             // every intent, charge, refund, kept answer and event
	running map[string]struct{} // idempotency keys of calls that have not answered yet
	faults  []fault
	closed  bool
}

// newSimulator opens the ledger in conf.Data and takes up what it left undone.
func newSimulator(conf config, now func() time.Time, log *slog.Logger) (*simulator, error) {
	books, err := openLedger(conf.Data)
	if err != nil {
		return nil, err
	}
	s := &simulator{conf: conf, now: now, log: log, ledger: books, running: map[string]struct{}{}}
	s.courier = newCourier(conf, now, log, s.delivered)
	s.mu.Lock() // the first may be delivered before the last has left
	defer s.mu.Unlock()
	for _, e := range books.undelivered {
		s.courier.send(e)
	}
	for _, due := range books.later {
		s.await(due)
	}
	return s, nil
}

// close stops the deliveries and what was to happen, which the next start takes up again, and closes the ledger.
func (s *simulator) close() error {
	s.courier.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.ledger.file.Close()
}

// call is one request to Stripe's API on its way through the simulator, or something that happened by itself: then
// it has an entry only.
type call struct {
	r      *http.Request
	id     string // its Request-Id
	key    string // its Idempotency-Key, empty for none
	params *params
	entry  entry // what it changes; committed as one line together with the answer
}

// endpoint does one call: it reads the ledger, adds what changes to c.entry, and returns the object to
// answer with, or Stripe's error. A decline is both, a change and an error. It runs under the lock.
type endpoint func(c *call) (any, *apiError)

// api is the way of every call to Stripe's API: key, idempotency, faults, then the endpoint and its answer.
// What changed is in the ledger before the caller or a webhook hears of it.
func (s *simulator) api(do endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{r: r, id: newID("req"), params: readParams(w, r)}
		w.Header().Set("Request-Id", c.id)
		w.Header().Set("Stripe-Version", apiVersion)
		if refusal := s.authenticate(r); refusal != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Stripe"`)
			refusal.answer(c).write(w)
			return
		}
		kept, release, refusal := s.claim(c)
		if c.key != "" {
			w.Header().Set("Idempotency-Key", c.key)
		}
		if refusal != nil {
			refusal.answer(c).write(w)
			return
		}
		defer release()

		f := s.nextFault(r)
		if f.before() {
			f.wait()
			if f.cuts() {
				release()
				f.strike(w)
				return
			}
		}
		var a answer
		if kept != nil {
			a = *kept
			w.Header().Set("Idempotent-Replayed", "true")
			w.Header().Set("Original-Request", a.RequestID)
		} else {
			a = s.execute(c, f.spoil(do))
		}
		if !f.before() {
			f.wait()
		}
		release() // before the caller hears, so that it may ask again at once
		if f.cuts() {
			f.strike(w)
			return
		}
		if r.Method == http.MethodPost {
			s.log.Info("answered", "path", r.URL.Path, "status", a.Status, "replayed", kept != nil, "request", c.id)
		}
		a.write(w)
	})
}

// execute runs the endpoint, commits what it changed and keeps its answer under the idempotency key.
// A call refused before it began changes nothing and keeps nothing: its key is still free.
func (s *simulator) execute(c *call, do endpoint) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	object, refusal := do(c)
	a := answer{Status: http.StatusOK, RequestID: c.id}
	if refusal != nil {
		a = refusal.answer(c)
	} else if a.Body, refusal = encode(object); refusal != nil {
		return refusal.answer(c)
	}
	if c.r.Method != http.MethodPost || refusal != nil && refusal.early {
		return a
	}
	if c.key != "" {
		c.entry.Answer = &keptAnswer{Key: c.key, Path: c.r.URL.Path, Fingerprint: c.params.fingerprint(), answer: a}
	}
	if err := s.commit(c); err != nil {
		return internalError("the ledger cannot be written").answer(c)
	}
	return a
}

// commit writes down what c changed. Only then do its events leave, and the time of what comes later runs.
func (s *simulator) commit(c *call) error {
	if err := s.ledger.commit(c.entry); err != nil {
		s.log.Error("ledger", "error", err)
		return err
	}
	for _, e := range c.entry.Events {
		s.courier.send(e)
	}
	for _, due := range c.entry.Later {
		s.await(due)
	}
	return nil
}

// newID makes an id of Stripe's form: what it names, then letters and digits that nobody can guess.
func newID(prefix string) string { return prefix + "_" + rand.Text() }
