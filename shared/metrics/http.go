package metrics

import (
	"fmt"
	"net/http"
	"time"
)

// Bounds of what a person or a service waits for, in seconds: 0.25 is what the objective for orders is measured at.
var waits = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

var requests = NewHistogram("http_request_duration_seconds",
	"How long requests took to answer, by route, method and class of status. Health checks, events, jobs and streams are not in it.",
	waits, "route", "method", "status")

// Answered takes in a request that was answered with status after took. route is a pattern, never a path as it was asked for.
func Answered(route, method string, status int, took time.Duration) {
	requests.Observe(took.Seconds(), route, known(method), fmt.Sprintf("%dxx", status/100))
}

// known is a method, or "other": whoever asks may make up as many as he likes.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// Measured is h with every answer taken in as one to route.
func Measured(route string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		s := &StatusWriter{ResponseWriter: w, Status: http.StatusOK}
		h.ServeHTTP(s, r)
		Answered(route, r.Method, s.Status, time.Since(began))
	})
}

// StatusWriter remembers what was answered; Status is to begin with what is answered when nobody says.
type StatusWriter struct {
	http.ResponseWriter
	Status int
}

// WriteHeader implements http.ResponseWriter.
func (w *StatusWriter) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *StatusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
