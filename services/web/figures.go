package main

import (
	"net/http"
	"strings"
	"time"

	"marketplace/shared/metrics"
)

// countRequest takes in an answer under its route. Of the API it knows what part was asked for: the services know the rest.
func countRequest(r *http.Request, status int, took time.Duration) {
	switch route := routeOf(r); route {
	case "/livez", "/readyz", "/healthz", "/live": // asked every second; and a stream, which lasts minutes
	default:
		metrics.Answered(route, r.Method, status, took)
	}
}

// routeOf is the pattern of r's route, "other" for what leads nowhere or comes from the sidecar.
func routeOf(r *http.Request) string {
	_, pattern, _ := strings.Cut(r.Pattern, " ") // of a page
	path := r.URL.Path
	switch prefix := prefixOf(path); {
	case path == "/livez" || path == "/readyz" || path == "/healthz" || path == "/live":
		return path
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
