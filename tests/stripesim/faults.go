package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// fault is something that goes wrong with the next calls it matches. It strikes after the call is done
// (the default: the money has moved, the caller does not know) or before.
//
//	{"path":"/v1/payment_intents","delay":"3s"}                         charged, and answered late
//	{"path":"/v1/payment_intents","method":"POST","times":2,"status":500}  charged twice, and both answered 500
//	{"path":"/v1/refunds","status":503,"before":true}                   not done; the same key will do it
//	{"path":"/v1/payment_intents","drop":"after"}                       charged, and the connection breaks
//
// A 500 is the endpoint's own answer, so it is kept under the idempotency key and replayed, as Stripe
// does: whether it struck before or after, asking again under that key gives 500. Any other status comes
// from the edge in front of Stripe and is not kept: asking again gives the real answer.
//
// While it delays, the call's key is in use. Calls that are refused their key take no fault.
type fault struct {
	Path   string `json:"path"`             // a prefix, such as /v1/refunds; empty matches every path
	Method string `json:"method,omitempty"` // empty matches every method
	Times  int    `json:"times"`            // how many calls are left; 1 when not given
	Delay  string `json:"delay,omitempty"`  // a Go duration, waited before anything else of the fault
	Before bool   `json:"before,omitempty"` // strike before the call is done
	Status int    `json:"status,omitempty"` // answer this instead: 429 or 5xx
	Drop   string `json:"drop,omitempty"`   // "before" or "after": answer nothing and break the connection
}

func (f fault) before() bool { return f.Before || f.Drop == "before" }

// wait delays the call, also when the caller has gone: Stripe would go on as well.
func (f fault) wait() {
	if delay, err := time.ParseDuration(f.Delay); err == nil {
		time.Sleep(delay)
	}
}

// cuts tells whether the fault takes the place of the endpoint's answer. A 500 is the endpoint's own, see spoil.
func (f fault) cuts() bool {
	return f.Drop != "" || f.Status != 0 && f.Status != http.StatusInternalServerError
}

// strike answers in the endpoint's place, or breaks the connection.
func (f fault) strike(w http.ResponseWriter) {
	if f.Drop != "" {
		breakConnection(w)
		return
	}
	e := internalError("stripesim: a scripted fault")
	e.status = f.Status
	if f.Status == http.StatusTooManyRequests {
		e.Type, e.Code = "invalid_request_error", "rate_limit"
	}
	e.answer(&call{}).write(w)
}

// spoil makes do end in a 500, having done everything or nothing.
func (f fault) spoil(do endpoint) endpoint {
	if f.Status != http.StatusInternalServerError {
		return do
	}
	return func(c *call) (any, *apiError) {
		if !f.before() {
			_, _ = do(c) // what it answers is what the caller never learns
		}
		return nil, internalError("stripesim: a scripted fault")
	}
}

// breakConnection closes the connection within the first line of an answer. With nothing at all sent,
// Go's HTTP client would quietly send a call with an Idempotency-Key again, and no fault would be seen.
func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, which we do not serve
	}
	_, _ = conn.Write([]byte("HTTP/1.1 "))
	_ = conn.Close()
}

// nextFault uses up one turn of the first fault that matches.
func (s *simulator) nextFault(r *http.Request) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.Times == 0 || !strings.HasPrefix(r.URL.Path, f.Path) || f.Method != "" && f.Method != r.Method {
			continue
		}
		f.Times--
		s.log.Info("fault", "path", r.URL.Path, "fault", fmt.Sprintf("%+v", *f))
		return *f
	}
	return fault{}
}

// addFault puts one fault behind those that wait, and answers with all of them.
func (s *simulator) addFault(w http.ResponseWriter, r *http.Request) {
	f := fault{Times: 1}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	err := body.Decode(&f)
	if err == nil && f.Delay != "" {
		_, err = time.ParseDuration(f.Delay)
	}
	switch {
	case err != nil:
	case f.Times < 1:
		err = fmt.Errorf("times must be 1 or more")
	case f.Status != 0 && f.Status != http.StatusTooManyRequests && (f.Status < 500 || f.Status > 599):
		err = fmt.Errorf("status must be 429 or 5xx")
	case f.Drop != "" && f.Drop != "before" && f.Drop != "after":
		err = fmt.Errorf(`drop must be "before" or "after"`)
	case f.Drop != "" && (f.Status != 0 || f.Before):
		err = fmt.Errorf("drop goes with neither status nor before")
	case f.Drop == "" && f.Status == 0 && f.Delay == "":
		err = fmt.Errorf("one of delay, status and drop is needed")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := []fault{}
	for _, old := range append(s.faults, f) {
		if old.Times > 0 {
			waiting = append(waiting, old)
		}
	}
	s.faults = waiting
	writeControl(w, http.StatusCreated, waiting)
}

func (s *simulator) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	w.WriteHeader(http.StatusNoContent)
}
