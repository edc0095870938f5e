package main

import (
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"

	"marketplace/shared/clock"
	"marketplace/shared/metrics"
	"marketplace/shared/service"
	"marketplace/shared/trace"
)

// headers every answer carries.
var headers = map[string]string{
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
	"Referrer-Policy":         "same-origin",
	"Content-Security-Policy": policy,
	"Cache-Control":           noStore,
}

// noStore is for every answer that does not say itself how long it may be kept.
const noStore = "no-store"

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// doorman sees every request first: it gives it a name that follows it through every service, notes where it comes
// from, and writes one line about it when it is answered. Bodies, cookies and queries are never written.
func doorman(cfg settings, now clock.Now, log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := now()
		ctx, span := enter(r)
		defer span.End()
		id := r.Header.Get(service.RequestID)
		if !requestIDForm.MatchString(id) {
			id = trace.ID(ctx)
			r.Header.Set(service.RequestID, id)
		}
		trace.About(ctx, trace.Request(id))
		r.Header.Set("traceparent", trace.Parent(ctx))
		r.Header.Del("tracestate")
		if !cfg.TrustForwarded || r.Header.Get("X-Forwarded-For") == "" { // not all of whom the ingress says nothing are one
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			r.Header.Set("X-Forwarded-For", host)
		}
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if cfg.HTTPS {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		w.Header().Set(service.RequestID, id)
		counted := &metrics.StatusWriter{ResponseWriter: w, Status: http.StatusOK}
		r = notesPattern(r.WithContext(ctx))
		next.ServeHTTP(counted, r)
		countRequest(r, counted.Status, now().Sub(began))
		if counted.Status >= http.StatusInternalServerError {
			trace.Failed(ctx, strconv.Itoa(counted.Status))
		}
		log.Info("request", "method", r.Method, "path", r.URL.Path, "status", counted.Status,
			"ms", float64(now().Sub(began).Microseconds())/1000, "request", id, "trace", trace.ID(ctx))
	})
}
