package service

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"marketplace/shared/events"
	"marketplace/shared/trace"
)

// A trace of a publisher or of whoever set a job, and the sidecar's span within it.
const (
	published = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	brought   = "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01"
	another   = "00-ffffffffffffffffffffffffffffffff-1111111111111111-01"
)

// Events and jobs carry on the trace of what made them. The sidecar's own span counts while it is part of that.
func TestEventsAndJobsCarryTheTraceOn(t *testing.T) {
	now := time.Now().UTC()
	soon, longAgo := now.Add(-15*time.Minute).Format(time.RFC3339), now.Add(-72*time.Hour).Format(time.RFC3339)
	event := func(traceparent, at string) string {
		return fmt.Sprintf(`{"id":"1","type":"ticket.created","time":%q,"traceparent":%q,"data":{"id":"T","version":0,"title":"x","price":1,"userId":"u"}}`, at, traceparent)
	}
	job := func(traceparent, at string) string { return fmt.Sprintf(`{"traceparent":%q,"at":%q}`, traceparent, at) }
	for _, c := range []struct{ what, path, body, header, want string }{
		{"an event", "/events/tickets", event(published, soon), brought, brought},
		{"an event that an untraced sidecar brings", "/events/tickets", event(published, soon), "", published},
		{"an event that a sidecar brings in a trace of its own", "/events/tickets", event(published, soon), another, published},
		{"an event of no trace", "/events/tickets", event("", soon), brought, brought},
		{"an event of days ago", "/events/tickets", event(published, longAgo), brought, ""},
		{"an event without a time", "/events/tickets", event(published, ""), "", published},
		{"a job", "/job/order-1", job(published, soon), another, published},
		{"a job of days ago", "/job/order-1", job(published, longAgo), another, ""},
		{"a job of before jobs brought anything", "/job/order-1", "", brought, brought},
		{"a job that brings something else", "/job/order-1", `[1]`, brought, brought},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := "nothing came"
			r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
			On(r, func(ctx context.Context, _ events.Ticket) error { got = trace.Parent(ctx); return nil })
			r.Job("order-", func(ctx context.Context, _ string) error { got = trace.Parent(ctx); return nil })
			req := httptest.NewRequest("POST", c.path, strings.NewReader(c.body))
			req.Header.Set("dapr-api-token", "token")
			if c.header != "" {
				req.Header.Set("traceparent", c.header)
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			assert.Equal(t, 200, w.Code)
			if c.want == "" {
				assert.Len(t, got, len(published))
				assert.NotContains(t, got, published[3:35], "a trace of its own")
				return
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// A job whose handler panics leaves no span open: it rings again and again, and what is open is kept in memory.
func TestAJobThatPanicsEndsItsSpan(t *testing.T) {
	spans, before := tracetest.NewSpanRecorder(), otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	defer otel.SetTracerProvider(before)
	r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
	r.Job("order-", func(context.Context, string) error { panic("no") })
	req := httptest.NewRequest("POST", "/job/order-1", nil)
	req.Header.Set("dapr-api-token", "token")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	assert.Equal(t, 500, w.Code)
	assert.Len(t, spans.Started(), 1)
	assert.Len(t, spans.Ended(), 1)
}
