package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"marketplace/shared/metrics"
)

type patternKey struct{}

// notesPattern gives a request a place for the pattern of the page that answers it.
func notesPattern(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), patternKey{}, new(string)))
}

// noted is the site's pages, noting which of them answers. The request that they see is a copy of the doorman's.
func noted(pages *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(w, r)
		if place, ok := r.Context().Value(patternKey{}).(*string); ok {
			*place = r.Pattern
		}
	})
}

// patternOf is what was noted of a request.
func patternOf(r *http.Request) string {
	if place, ok := r.Context().Value(patternKey{}).(*string); ok {
		return *place
	}
	return ""
}

// countRequest takes in an answer under its route. Of the API it knows what part was asked for: the services know the rest.
func countRequest(r *http.Request, status int, took time.Duration) {
	switch route := routeOf(r); route {
	case "/livez", "/readyz", "/healthz", "/live", sidecars: // asked every second; a stream, which lasts minutes; counted as events
	default:
		metrics.Answered(route, r.Method, status, took)
	}
}

// sidecars is the route of what only our sidecar may bring.
const sidecars = "(sidecar)"

// routeOf is the pattern of r's route, "other" for what leads nowhere.
func routeOf(r *http.Request) string {
	_, pattern, _ := strings.Cut(patternOf(r), " ") // of a page
	path := r.URL.Path
	switch prefix := prefixOf(path); {
	case path == "/livez" || path == "/readyz" || path == "/healthz" || path == "/live":
		return path
	case strings.HasPrefix(path, "/events/") || strings.HasPrefix(path, "/dapr/"):
		return sidecars
	case services[prefix] != "" && path == prefix:
		return prefix
	case services[prefix] != "":
		return prefix + "/..."
	case pattern == "" || pattern == "/":
		return "other"
	default:
		return strings.TrimSuffix(pattern, "{$}")
	}
}
