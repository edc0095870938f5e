// Package trace follows what people ask for through every service: one purchase is one trace, from the request to web to the
// last event. The sidecars add a span for each call, delivery and invocation; ours are few, and are called by what the
// business does. They carry ids of orders and tickets, and never an address, a card or a token.
//
// Nothing is kept unless TRACES_TO says where. Contexts are passed on all the same.
package trace

import (
	"context"
	"encoding/hex"
	"regexp"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Attributes of spans. By the first two whoever has an id finds its traces.
func Order(id string) attribute.KeyValue   { return attribute.String("order", id) }
func Ticket(id string) attribute.KeyValue  { return attribute.String("ticket", id) }
func Payment(id string) attribute.KeyValue { return attribute.String("payment", id) }
func Event(id string) attribute.KeyValue   { return attribute.String("event", id) }
func Request(id string) attribute.KeyValue { return attribute.String("request", id) }

// goesOn is how old a parent may be. What follows later begins a trace of its own that names it: no viewer shows a trace of days.
const goesOn = time.Hour

var form = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)

// parse reads a W3C traceparent. What is none is the zero SpanContext, which is not valid.
func parse(traceparent string) oteltrace.SpanContext {
	part := form.FindStringSubmatch(traceparent)
	if part == nil {
		return oteltrace.SpanContext{}
	}
	var c oteltrace.SpanContextConfig
	var flags [1]byte
	_, _ = hex.Decode(c.TraceID[:], []byte(part[1])) // of the form that it needs
	_, _ = hex.Decode(c.SpanID[:], []byte(part[2]))
	_, _ = hex.Decode(flags[:], []byte(part[3]))
	c.TraceFlags, c.Remote = oteltrace.TraceFlags(flags[0])&oteltrace.FlagsSampled, true
	return oteltrace.NewSpanContext(c)
}

// From makes ctx part of the trace that a W3C traceparent names; ctx as it is when it names none.
func From(ctx context.Context, traceparent string) context.Context {
	if sc := parse(traceparent); sc.IsValid() {
		return oteltrace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}

type linkKey struct{}

// FromBefore is From for what was said age ago. When that is long, the next span begins a trace that is linked to it.
func FromBefore(ctx context.Context, traceparent string, age time.Duration) context.Context {
	if age <= goesOn {
		return From(ctx, traceparent)
	}
	if sc := parse(traceparent); sc.IsValid() {
		ctx = context.WithValue(ctx, linkKey{}, oteltrace.Link{SpanContext: sc})
	}
	return oteltrace.ContextWithSpanContext(ctx, oteltrace.SpanContext{})
}

// FromOutside is From for what somebody outside sent. His trace may go on, but whether it is kept is for us to say.
func FromOutside(ctx context.Context, traceparent string) context.Context {
	sc := parse(traceparent)
	if !sc.IsValid() {
		return ctx
	}
	return oteltrace.ContextWithRemoteSpanContext(ctx, sc.WithTraceFlags(rule.Load().flags(sc.TraceID())))
}

// Parent is the W3C traceparent for calls under ctx, "" outside of any trace.
func Parent(ctx context.Context) string {
	sc := oteltrace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return ""
	}
	return "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-" + sc.TraceFlags().String()
}

// ID names the trace of ctx, "" outside of any.
func ID(ctx context.Context) string {
	if sc := oteltrace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// Enter begins the span of what somebody asked this process for: a request, an event, a job. The caller ends it. Under it
// there is always a trace, kept or not.
func Enter(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, oteltrace.Span) {
	options := []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(about...)}
	if link, long := ctx.Value(linkKey{}).(oteltrace.Link); long {
		options = append(options, oteltrace.WithLinks(link))
	}
	ctx, span := tracer().Start(ctx, name, options...)
	if !span.SpanContext().IsValid() { // nothing is kept here; what the sidecars see has a name all the same
		ctx = oteltrace.ContextWithSpanContext(ctx, rule.Load().begin())
	}
	return ctx, span
}

// Unseen is Enter for what is not worth a span.
func Unseen(ctx context.Context) (context.Context, oteltrace.Span) {
	if !oteltrace.SpanContextFromContext(ctx).IsValid() {
		ctx = oteltrace.ContextWithSpanContext(ctx, rule.Load().begin())
	}
	return ctx, oteltrace.SpanFromContext(ctx)
}

// Step begins a span within another. The caller ends it, with how it went.
func Step(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, span := tracer().Start(ctx, name, oteltrace.WithAttributes(about...))
	return ctx, func(err error) {
		if err != nil {
			Failed(ctx, "failed")
		}
		span.End()
	}
}

// Is says what ctx's span is in the words of the business, and about what.
func Is(ctx context.Context, name string, about ...attribute.KeyValue) {
	span := oteltrace.SpanFromContext(ctx)
	span.SetName(name)
	span.SetAttributes(about...)
}

// About says about what ctx's span is.
func About(ctx context.Context, about ...attribute.KeyValue) {
	oteltrace.SpanFromContext(ctx).SetAttributes(about...)
}

// Failed marks ctx's span, which is kept then. why is a code: what an error says may be about a person.
func Failed(ctx context.Context, why string) {
	oteltrace.SpanFromContext(ctx).SetStatus(codes.Error, why)
}

func tracer() oteltrace.Tracer { return otel.Tracer("marketplace") }
