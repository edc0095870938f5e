package trace

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// sharing decides which traces are kept whole, by all who take part. Who comes later follows who came first. The decision is
// made of the trace's id and a secret: it is the same in every replica, and nobody outside can make traces that are all kept.
type sharing struct {
	below uint64 // of all that a hash can be
	all   bool
	key   []byte
}

// rule is in force. Without Begin it keeps nothing.
var rule atomic.Pointer[sharing]

func init() { rule.Store(newSharing(0, "")) }

func newSharing(share float64, key string) *sharing {
	return &sharing{below: uint64(share * (1 << 63)), all: share == 1, key: []byte(key)}
}

func (s *sharing) keeps(id oteltrace.TraceID) bool {
	if s.all || s.below == 0 {
		return s.all
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write(id[:])
	return binary.BigEndian.Uint64(mac.Sum(nil))>>1 < s.below
}

func (s *sharing) flags(id oteltrace.TraceID) oteltrace.TraceFlags {
	return oteltrace.TraceFlags(0).WithSampled(s.keeps(id))
}

// begin names a trace of which we keep nothing ourselves.
func (s *sharing) begin() oteltrace.SpanContext {
	var c oteltrace.SpanContextConfig
	_, _ = rand.Read(c.TraceID[:]) // never fails
	_, _ = rand.Read(c.SpanID[:])
	c.TraceFlags = s.flags(c.TraceID)
	return oteltrace.NewSpanContext(c)
}

// ShouldSample implements the SDK's Sampler. What is not shared is recorded all the same, until it is known how it ended.
func (s *sharing) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := oteltrace.SpanContextFromContext(p.ParentContext)
	kept := parent.IsSampled()
	if !parent.IsValid() {
		kept = s.keeps(p.TraceID)
	}
	if kept {
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}

// Description implements the SDK's Sampler.
func (s *sharing) Description() string { return "marketplace" }
