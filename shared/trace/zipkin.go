package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// zipkin sends spans in Zipkin's second form, JSON: what Dapr's sidecars speak on a developer's machine, and what Zipkin, Jaeger,
// Tempo and the OpenTelemetry collector take. OpenTelemetry's own exporter for it is given up with the year 2026, and Zipkin's
// server takes no OTLP as it is published. It implements the SDK's SpanExporter.
type zipkin struct{ app, url string }

// span is one as Zipkin reads it. Times are microseconds.
type span struct {
	TraceID   string            `json:"traceId"`
	ID        string            `json:"id"`
	ParentID  string            `json:"parentId,omitempty"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind,omitempty"`
	Timestamp int64             `json:"timestamp"`
	Duration  int64             `json:"duration"`
	Local     endpoint          `json:"localEndpoint"`
	Tags      map[string]string `json:"tags,omitempty"`
}

type endpoint struct {
	Name string `json:"serviceName"`
}

// ExportSpans implements the SDK's SpanExporter.
func (z *zipkin) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	said := make([]span, len(spans))
	for i, s := range spans {
		said[i] = z.span(s)
	}
	raw, err := json.Marshal(said)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, z.url, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", z.url, resp.Status)
	}
	return nil
}

// Shutdown implements the SDK's SpanExporter.
func (z *zipkin) Shutdown(context.Context) error { return nil }

func (z *zipkin) span(s sdktrace.ReadOnlySpan) span {
	out := span{
		TraceID: s.SpanContext().TraceID().String(), ID: s.SpanContext().SpanID().String(), Name: s.Name(),
		Timestamp: s.StartTime().UnixMicro(), Duration: max(1, s.EndTime().Sub(s.StartTime()).Microseconds()),
		Local: endpoint{z.app}, Tags: map[string]string{},
	}
	if s.Parent().HasSpanID() {
		out.ParentID = s.Parent().SpanID().String()
	}
	if s.SpanKind() != oteltrace.SpanKindInternal {
		out.Kind = strings.ToUpper(s.SpanKind().String())
	}
	for _, a := range s.Attributes() {
		out.Tags[string(a.Key)] = a.Value.Emit()
	}
	for _, link := range s.Links() { // Zipkin has none: whoever reads the tag finds the trace by it
		out.Tags["follows"] = link.SpanContext.TraceID().String()
	}
	if s.Status().Code == codes.Error {
		out.Tags["error"] = s.Status().Description
	}
	return out
}

// Page is where a Zipkin that takes spans at url shows a trace.
func Page(url, id string) string {
	base, _, _ := strings.Cut(url, "/api/")
	return base + "/zipkin/traces/" + id
}

var _ sdktrace.SpanExporter = (*zipkin)(nil)
var _ sdktrace.SpanProcessor = (*keeper)(nil)
