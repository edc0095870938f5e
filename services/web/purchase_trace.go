package main

import (
	"context"
	"net/http"
	"regexp"

	oteltrace "go.opentelemetry.io/otel/trace"

	"marketplace/shared/trace"
)

// A purchase is several requests and one trace: that of the first. A client says so by sending the same traceparent with each;
// a browser gets it as a cookie that it brings back with the forms of the order's page, and nowhere else.
const (
	traceCookie = "trace"
	traceKept   = 3600 // seconds
)

// untraced is what says nothing about how long work takes, and what a sidecar brings, which has spans of its own.
var untraced = regexp.MustCompile(`^/(live$|static/|events/|dapr/|livez$|readyz$|healthz$)`)

// enter begins the span of a request.
func enter(r *http.Request) (context.Context, oteltrace.Span) {
	ctx := trace.FromOutside(r.Context(), r.Header.Get("traceparent"))
	if c, err := r.Cookie(traceCookie); err == nil && r.Method == http.MethodPost {
		ctx = trace.FromOutside(ctx, c.Value)
	}
	if untraced.MatchString(r.URL.Path) {
		return trace.Unseen(ctx)
	}
	name := r.Method + " " + prefixOf(r.URL.Path)
	if services[prefixOf(r.URL.Path)] == "" {
		name = r.Method + " page" // which says its name itself
	}
	return trace.Enter(ctx, name)
}

// keepTrace has what the visitor does about an order become part of this trace.
func (s *site) keepTrace(w http.ResponseWriter, r *http.Request, path string) {
	http.SetCookie(w, &http.Cookie{
		Name: traceCookie, Value: trace.Parent(r.Context()), Path: path, MaxAge: traceKept,
		HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	})
}
