package tests

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// traced keeps every trace, in a Zipkin of its own.
var traced = shared("traced", stack.Options{Traces: "1", Env: map[string]string{"ORDER_HOLD": "5s", "CHECKOUT_LIMIT": "5s", "HOLD_AGAIN_AFTER": "0s"}})

// span is one as Zipkin tells of it.
type span struct {
	TraceID, ID, ParentID, Name, Kind string
	LocalEndpoint                     struct{ ServiceName string }
	Tags                              map[string]string
}

func (s span) String() string {
	return fmt.Sprintf("%s %q %s", s.LocalEndpoint.ServiceName, s.Name, s.Kind)
}

// newTrace is a traceparent, and the id in it.
func newTrace() (traceparent, id string) {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	id = hex.EncodeToString(b[:16])
	return "00-" + id + "-" + hex.EncodeToString(b[16:]) + "-00", id
}

// spansOf asks Zipkin for a trace.
func spansOf(t *testing.T, s *stack.Stack, id string) []span {
	t.Helper()
	resp, err := http.Get(s.ZipkinURL + "/api/v2/trace/" + id)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var spans []span
	if resp.StatusCode == http.StatusOK {
		require.NoError(t, json.Unmarshal(raw, &spans), "%s", raw)
	}
	return spans
}

// missing are those of wanted, each "service name", that spans do not have.
func missing(spans []span, wanted []string) []string {
	var out []string
	for _, w := range wanted {
		service, name, _ := strings.Cut(w, " ")
		if !slices.ContainsFunc(spans, func(s span) bool { return s.LocalEndpoint.ServiceName == service && s.Name == name }) {
			out = append(out, w)
		}
	}
	return out
}

// loose are the spans whose parents are not among them.
func loose(spans []span) []span {
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	var out []span
	for _, s := range spans {
		if !known[s.ParentID] {
			out = append(out, s)
		}
	}
	return out
}

// needsZipkin skips a test where traces cannot be shown, and says why.
func needsZipkin(t *testing.T) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	if lacks := stack.CanTrace(root); lacks != nil {
		t.Skip(lacks)
	}
}

// holdTrace waits until a trace in which somebody asked for that many things has what is wanted, and checks what is true of every span.
func holdTrace(t *testing.T, s *stack.Stack, id string, asked int, wanted ...string) map[string]int {
	t.Helper()
	var spans []span
	defer func() {
		if t.Failed() {
			t.Logf("missing: %q, loose: %v, of %d spans:\n%v", missing(spans, wanted), loose(spans), len(spans), spans)
		}
	}()
	eventually(t, "the whole trace is in Zipkin, and each span hangs on another but for what the buyer asked for", func() bool {
		spans = spansOf(t, s, id)
		return len(missing(spans, wanted)) == 0 && len(loose(spans)) == asked
	})
	count := map[string]int{}
	for _, sp := range spans {
		count[sp.LocalEndpoint.ServiceName]++
		all, err := json.Marshal(sp)
		require.NoError(t, err)
		for _, private := range []string{"@", "tok_", "eyJ", s.APIToken} {
			assert.NotContains(t, string(all), private)
		}
	}
	t.Logf("%d spans: %v", len(spans), count)
	return count
}

// One purchase is one trace, if its buyer says that it is one: every service, every sidecar, event, job and charge.
func TestOnePurchaseIsOneTrace(t *testing.T) {
	needsZipkin(t)
	s := traced(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Nina Simone, Montreux", "19.99")

	parent, id := newTrace()
	var placed order
	buyer.with("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`, "traceparent", parent).into(t, &placed)
	paid := buyer.with("POST", "/api/payments", `{"orderId":"`+placed.ID+`","token":"tok_visa"}`, "traceparent", parent)
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	assert.Equal(t, id, paid.Header.Get("X-Request-Id"), "the request's id is the trace's")

	count := holdTrace(t, s, id, 2,
		"web post /api/orders", "web-sidecar calllocal/orders/api/orders", "orders-sidecar calllocal/orders/api/orders", "orders place",
		"tickets-sidecar pubsub/orders", "tickets hear order.created", "payments hear order.created", "expiration set timer", "handover hear order.created", "web hear order.created",
		"web post /api/payments", "payments pay", "orders checkout", "payments charge", "payments-sidecar /dapr.proto.runtime.v1.dapr/schedulejob",
		"orders hear payment.created", "tickets hear order.completed", "expiration-sidecar pubsub/orders", "web hear order.completed")
	for _, service := range []string{"web", "tickets", "orders", "payments", "expiration", "handover", "mail"} {
		assert.NotZero(t, count[service], service)
		assert.NotZero(t, count[service+"-sidecar"], service+"'s sidecar")
	}
	assert.GreaterOrEqual(t, count["orders-sidecar"], 12, "loads, saves, publications and deliveries: see the calls of one purchase in README.md")

	var found [][]span
	resp, err := http.Get(s.ZipkinURL + "/api/v2/traces?annotationQuery=order=" + placed.ID)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&found))
	require.Len(t, found, 1, "the order's id finds it")
	assert.Equal(t, id, found[0][0].TraceID)
}

// What becomes of an order that nobody pays for is part of the trace in which it was placed. A client that says nothing of
// traces finds it by what his answer is called.
func TestAnExpiryIsPartOfTheTrace(t *testing.T) {
	needsZipkin(t)
	s := traced(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Tour de France, Alpe d'Huez", "50")
	answer := buyer.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`)
	require.Equal(t, 201, answer.Status, "%s", answer.Body)
	holdTrace(t, s, answer.Header.Get("X-Request-Id"), 1,
		"web post /api/orders", "orders place", "expiration set timer",
		"expiration time is up", "expiration-sidecar /dapr.proto.runtime.v1.dapr/publishevent", "orders-sidecar pubsub/expirations",
		"orders expire", "tickets hear order.cancelled", "payments hear order.cancelled", "web hear order.cancelled")
}

// Whoever is refused can say what finds the lines of the log.
func TestARefusalNamesItsRequest(t *testing.T) {
	s := market(t)
	got := visitor(t, s).with("POST", "/api/orders", `{"ticketId":"x"}`, "Accept", "application/problem+json")
	var said struct{ RequestID string }
	got.into(t, &said)
	assert.Len(t, said.RequestID, 32)
	assert.Equal(t, got.Header.Get("X-Request-Id"), said.RequestID)

	got = visitor(t, s).with("GET", "/api/orders/nosuch-order", "", "X-Request-Id", "my-own-name.1")
	got.into(t, &said)
	assert.Equal(t, "my-own-name.1", said.RequestID)
	got = visitor(t, s).with("GET", "/api/nosuch", "", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	got.into(t, &said)
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", said.RequestID)
}
