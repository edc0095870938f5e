package trace

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// keeper holds the spans of a trace until the last one that is open in this process ends. Then it sends them away if the trace
// is one that is kept, or if something failed or was slow, and else forgets them.
//
// Each process decides for itself. So what failed or was slow is there with all who waited for it, since they were slow or saw
// it fail as well. What is lost of such a trace is the spans of the sidecars, and of services that did their part well.
type keeper struct {
	to   sdktrace.SpanExporter
	slow time.Duration
	log  *slog.Logger

	mu   sync.Mutex
	open map[oteltrace.TraceID]*local

	out    chan []sdktrace.ReadOnlySpan
	stop   chan struct{}
	ended  chan struct{}
	ending sync.Once
}

// local is what a process has seen of a trace.
type local struct {
	open  int
	spans []sdktrace.ReadOnlySpan
	kept  bool
}

const (
	spansOfOne  = 200  // of a trace at the same time in one process; further ones are lost
	waitingMost = 1000 // traces that wait to be sent; further ones are lost
	batchMost   = 500  // spans
	batchWait   = time.Second
	sendLimit   = 5 * time.Second
	complainGap = time.Minute
)

func newKeeper(to sdktrace.SpanExporter, slow time.Duration, log *slog.Logger) *keeper {
	k := &keeper{
		to: to, slow: slow, log: log, open: map[oteltrace.TraceID]*local{},
		out: make(chan []sdktrace.ReadOnlySpan, waitingMost), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go k.send()
	return k
}

// OnStart implements the SDK's SpanProcessor.
func (k *keeper) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	id := s.SpanContext().TraceID()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open[id] == nil {
		k.open[id] = &local{}
	}
	k.open[id].open++
}

// OnEnd implements the SDK's SpanProcessor.
func (k *keeper) OnEnd(s sdktrace.ReadOnlySpan) {
	id := s.SpanContext().TraceID()
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.open[id]
	if l == nil {
		return
	}
	l.open--
	l.kept = l.kept || s.SpanContext().IsSampled() || s.Status().Code == codes.Error || s.EndTime().Sub(s.StartTime()) >= k.slow
	if len(l.spans) < spansOfOne {
		l.spans = append(l.spans, s)
	}
	if l.open > 0 {
		return
	}
	delete(k.open, id)
	if !l.kept {
		return
	}
	select {
	case k.out <- l.spans:
	default: // whoever keeps them is slower than we
	}
}

// send sends what is to be kept, until Shutdown.
func (k *keeper) send() {
	defer close(k.ended)
	var batch []sdktrace.ReadOnlySpan
	var complained time.Time
	flush := func() {
		if len(batch) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), sendLimit)
		defer cancel()
		if err := k.to.ExportSpans(ctx, batch); err != nil && time.Since(complained) > complainGap {
			complained = time.Now()
			k.log.Warn("spans are lost", "spans", len(batch), "error", err)
		}
		batch = nil
	}
	tick := time.NewTicker(batchWait)
	defer tick.Stop()
	for {
		select {
		case spans := <-k.out:
			if batch = append(batch, spans...); len(batch) >= batchMost {
				flush()
			}
		case <-tick.C:
			flush()
		case <-k.stop:
			for len(k.out) > 0 {
				batch = append(batch, <-k.out...)
			}
			flush()
			return
		}
	}
}

// Shutdown implements the SDK's SpanProcessor: it sends what waits.
func (k *keeper) Shutdown(ctx context.Context) error {
	k.ending.Do(func() { close(k.stop) })
	select {
	case <-k.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ForceFlush implements the SDK's SpanProcessor. What is kept is sent within a second anyway.
func (k *keeper) ForceFlush(context.Context) error { return nil }
