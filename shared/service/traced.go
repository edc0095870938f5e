package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// traced makes a request a span. Its handler says what it is in the words of the business; until then it is called name.
func traced(name string, h api.Handler) api.Handler {
	return func(w http.ResponseWriter, req *http.Request) error {
		ctx, span := trace.Enter(req.Context(), name)
		if id := req.Header.Get(RequestID); id != "" {
			trace.About(ctx, trace.Request(id))
		}
		whole := false
		defer func() {
			if !whole {
				trace.Failed(ctx, "panic")
			}
			span.End()
		}()
		err := h(w, req.WithContext(ctx))
		whole = true
		if err != nil && fault.Status(err) >= http.StatusInternalServerError {
			trace.Failed(ctx, string(fault.CodeOf(err)))
		}
		return err
	}
}

// hear makes the delivery of an event a span, within that of the sidecar that brings it. What a service says to itself, and
// does nothing about most of the time, is none.
func (r *Routes) hear(req *http.Request, s subscription, e events.Envelope) (context.Context, func(fault.Outcome)) {
	age := time.Duration(0)
	if said, err := time.Parse(time.RFC3339, e.Time); err == nil {
		age = r.now().Sub(said)
	}
	ctx := trace.FromBefore(req.Context(), e.TraceParent, age)
	if trace.ID(ctx) == trace.ID(req.Context()) {
		ctx = req.Context() // the sidecar's span for it
	}
	if s.PubSub == dapr.OutboxBus || s.Topic == events.HeartbeatsTopic {
		return ctx, func(fault.Outcome) {}
	}
	ctx, span := trace.Enter(ctx, "hear "+e.Type, trace.Event(e.ID))
	return ctx, func(o fault.Outcome) {
		if o != fault.Done {
			trace.Failed(ctx, strings.ToLower(string(o)))
		}
		span.End()
	}
}

// ring makes the ring of a job a span of what set it.
func ring(req *http.Request, prefix string) (context.Context, func(fault.Outcome)) {
	var set dapr.Set
	if raw, err := io.ReadAll(io.LimitReader(req.Body, eventLimit)); err == nil {
		_ = json.Unmarshal(raw, &set) // of another's making, or of before jobs brought anything
	}
	ctx := req.Context()
	if set.TraceParent != "" {
		ctx = trace.FromBefore(ctx, set.TraceParent, time.Since(set.At))
	}
	ctx, span := trace.Enter(ctx, "ring "+strings.TrimSuffix(prefix, "-"))
	return ctx, func(o fault.Outcome) {
		if o != fault.Done {
			trace.Failed(ctx, strings.ToLower(string(o)))
		}
		span.End()
	}
}

type notesKey struct{}

// notes are what the handler of an event has found out about it.
type notes struct{ about []attribute.KeyValue }

func note(ctx context.Context, about []attribute.KeyValue) {
	trace.About(ctx, about...)
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.about = about
	}
}

// fields are the same for a line in the log.
func (n *notes) fields() []any {
	var out []any
	for _, a := range n.about {
		out = append(out, string(a.Key), a.Value.AsString())
	}
	return out
}

func sinceMS(began time.Time) float64 { return float64(time.Since(began).Microseconds()) / 1000 }

// about is what an event's payload is about.
func about(payload any) []attribute.KeyValue {
	switch p := payload.(type) {
	case events.Ticket:
		return []attribute.KeyValue{trace.Ticket(p.ID)}
	case events.Order:
		return []attribute.KeyValue{trace.Order(p.ID), trace.Ticket(p.Ticket.ID)}
	case events.Payment:
		return []attribute.KeyValue{trace.Order(p.OrderID), trace.Payment(p.ID)}
	case events.Expiration:
		return []attribute.KeyValue{trace.Order(p.OrderID)}
	case events.Handover:
		return []attribute.KeyValue{trace.Order(p.ID), trace.Ticket(p.Ticket.ID)}
	}
	return nil
}
