package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/metrics"
	"marketplace/shared/service"
)

// A route is one of few, whatever is asked for.
func TestRoutesAreFew(t *testing.T) {
	for _, row := range []struct{ method, path, pattern, want string }{
		{"GET", "/", "GET /{$}", "/"},
		{"GET", "/tickets/T", "GET /tickets/{id}", "/tickets/{id}"},
		{"POST", "/tickets/T/buy", "POST /tickets/{id}/buy", "/tickets/{id}/buy"},
		{"GET", "/made/up", "/", "other"},
		{"GET", "/made/up", "", "other"},
		{"POST", "/api/orders", "", "/api/orders"},
		{"DELETE", "/api/orders/T-1", "", "/api/orders/..."},
		{"POST", "/api/payments/webhook", "", "/api/payments/..."},
		{"GET", "/api/ordersandmore", "/", "other"},
		{"GET", "/api/docs", "GET /api/docs", "/api/docs"},
		{"GET", "/live", "GET /live", "/live"},
		{"GET", "/healthz", "", "/healthz"},
		{"POST", "/events/broadcast/orders", "", sidecars},
	} {
		r := notesPattern(httptest.NewRequest(row.method, row.path, nil))
		*r.Context().Value(patternKey{}).(*string) = row.pattern
		assert.Equal(t, row.want, routeOf(r), row.path)
	}
	site, _ := newSite(t, nil)
	pages := http.NewServeMux()
	pages.Handle("GET /tickets/{id}", site.page(site.ticket))
	routes := service.NewRoutes("web", service.Settings{}, site.log)
	routes.Rest(noted(pages))
	doorman(settings{}, site.now, site.log, routes).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tickets/T", nil))
	shown := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(shown, httptest.NewRequest("GET", "/metrics", nil))
	assert.Contains(t, shown.Body.String(), `method="GET",route="/tickets/{id}",status="4xx"`, "the doorman knows it when the page is answered")
}
