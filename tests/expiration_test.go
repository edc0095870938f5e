package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// What expiration's sidecar, and nobody else, hears from it. In whatever language it is written: see tests/polyglot.
func TestExpirationIsWhatItsContractSays(t *testing.T) { expirationIsWhatItsContractSays(t, hasty(t)) }

func expirationIsWhatItsContractSays(t *testing.T, s *stack.Stack) {
	base := fmt.Sprintf("http://127.0.0.1:%d", s.App("expiration").AppPort)
	unwatched := http.Client{Transport: &http.Transport{}} // some of what is said here is in no contract
	ask := func(method, path, body string, header ...string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, bytes.NewBufferString(body))
		require.NoError(t, err)
		req.Header.Set("dapr-api-token", s.APIToken)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := unwatched.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	assert.Equal(t, []subscription{{"pubsub", "orders", "/events/orders", "expiration-dead"}}, subscriptions(t, s, "expiration"))
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		status, _ := ask("GET", path, "", "dapr-api-token", "")
		assert.Equal(t, 200, status, "%s asks for no token", path)
	}
	for _, wrong := range [][]string{{"dapr-api-token", ""}, {"dapr-api-token", "guess"}, {"dapr-caller-app-id", "orders"}} {
		for _, path := range []string{"GET /dapr/subscribe", "POST /events/orders", "POST /job/order-T-1.5"} {
			method, path, _ := strings.Cut(path, " ")
			status, said := ask(method, path, `{"id":"x","type":"none.of.ours"}`, wrong...)
			assert.Equal(t, 401, status, "%s with %v", path, wrong)
			assert.Equal(t, "Not authorized", answer{Body: []byte(said)}.says())
		}
	}
	status, said := ask("GET", "/nosuch", "")
	assert.Equal(t, 404, status)
	assert.Equal(t, "Not Found", answer{Body: []byte(said)}.says())

	order := func(change string) string { // a snapshot of an ended order, with something else
		var data map[string]any
		require.NoError(t, json.Unmarshal([]byte(`{"id":"O-1","version":3,"saleVersion":7,"status":"cancelled","userId":"u",
			"expiresAt":"2026-01-02T03:04:05.678Z","ticket":{"id":"T","title":"x","price":10,"version":0}}`), &data))
		require.NoError(t, json.Unmarshal([]byte(change), &data))
		text, err := json.Marshal(map[string]any{"specversion": "1.0", "source": "test", "id": "x" + change, "type": events.OrderCancelled, "data": data})
		require.NoError(t, err)
		return string(text)
	}
	for _, c := range []struct{ name, body, status string }{
		{"an ended order, whose timer is not there", order(`{}`), "SUCCESS"},
		{"with fields that came later", order(`{"mood":"good","ticket":{"id":"T","title":"x","price":10,"version":0,"seat":"A1"}}`), "SUCCESS"},
		{"a deadline in another zone", order(`{"expiresAt":"2026-01-02T05:04:05+02:00"}`), "SUCCESS"},
		{"another type", `{"id":"x","type":"order.eaten","data":"what?"}`, "SUCCESS"},
		{"not JSON", `not even JSON`, "DROP"},
		{"nothing", ``, "DROP"},
		{"no event", `[]`, "DROP"},
		{"without an id", `{"type":"order.created","data":{}}`, "DROP"},
		{"without data", `{"id":"x","type":"order.created"}`, "DROP"},
		{"data of another form", `{"id":"x","type":"order.created","data":"what?"}`, "DROP"},
		{"no order", order(`{"id":""}`), "DROP"},
		{"a status that is none", order(`{"status":"eaten"}`), "DROP"},
		{"no deadline", order(`{"expiresAt":null}`), "DROP"},
		{"a deadline that is a number", order(`{"expiresAt":1767323045}`), "DROP"},
		{"a deadline without a zone", order(`{"expiresAt":"2026-01-02T03:04:05"}`), "DROP"},
		{"a deadline that is no time", order(`{"expiresAt":"tomorrow"}`), "DROP"},
	} {
		status, said := ask("POST", "/events/orders", c.body, "Content-Type", "application/cloudevents+json")
		assert.Equal(t, 200, status, c.name)
		assert.JSONEq(t, `{"status":"`+c.status+`"}`, said, c.name)
	}

	l := listen(t, s)
	for _, rest := range []string{"", ".5", "O-1", "O-1.", "O-1.x", "O-1.0", "O-1.-5", "O-1.99999999999999999999", "O-1.253402300800000"} {
		status, _ := ask("POST", "/job/order-"+rest, "{}")
		assert.Equal(t, 200, status, "%q rings no more: it will never be a timer of ours", rest)
	}
	for range 2 {
		status, _ = ask("POST", "/job/order-O-1.1767323045678", "", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		assert.Equal(t, 200, status)
	}
	var rung []map[string]any
	eventually(t, "the deadline is announced at each ring", func() bool {
		rung = nil
		for _, m := range l.heard(events.ExpirationsTopic) {
			var e map[string]any
			require.NoError(t, json.Unmarshal(m.data, &e))
			if e["subject"] == "O-1" {
				rung = append(rung, e)
			}
		}
		return len(rung) > 1
	})
	assert.NotEqual(t, rung[0]["id"], rung[1]["id"], "each ring is news, also to a broker that knows duplicates")
	for _, e := range rung {
		assert.Regexp(t, "^expiration.complete/O-1/1767323045678/.", e["id"])
		assert.Equal(t, events.ExpirationComplete, e["type"])
		assert.Contains(t, e["traceparent"], "0af7651916cd43dd8448eb211c80319c", "the same trace goes on")
		assert.Equal(t, map[string]any{"orderId": "O-1", "expiresAt": "2026-01-02T03:04:05.678Z"}, e["data"])
	}
}

// An order that expiration has in hand when it and its sidecar die still ends by its timer alone.
func TestInterruptedTimer(t *testing.T) {
	s := hasty(t)
	l := listen(t, s)
	seller, slow := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Interrupted", "10")
	require.NoError(t, s.Signal("expiration", syscall.SIGSTOP))
	placed := slow.orders(offered.ID)
	time.Sleep(time.Second) // the sidecar has delivered it and waits for an answer
	dieAndComeBack(t, s, "expiration")
	require.Eventually(t, func() bool { return l.heardTheEndOf(placed) }, 60*time.Second, 50*time.Millisecond, "its end is announced")
	assert.Equal(t, "expired", slow.order(placed.ID).Reason)
}

// The same service in Python, where there is one: the contract alone decides who may take a service's place.
func TestExpirationInPython(t *testing.T) {
	o := stack.Options{StandIns: map[string]string{"expiration": "python"}, Env: map[string]string{"ORDER_HOLD": "3s", "CHECKOUT_LIMIT": "2s"}}
	if missing := o.Missing(); missing != nil {
		t.Skip("skipped: " + missing.Error())
	}
	s, err := launch(t.TempDir(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	expirationIsWhatItsContractSays(t, s)
	orderExpires(t, s)
}
