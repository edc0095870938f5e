package tests

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// message is an event as its subscribers get it.
type message struct {
	topic string
	data  []byte
}

// A listener hears every event on every topic, whichever broker carries them: it has a sidecar of its own, like one more
// replica of web.
type listener struct {
	mu    sync.Mutex
	all   []message
	stack *stack.Stack
}

var businessTopics = []string{events.TicketsTopic, events.OrdersTopic, events.PaymentsTopic, events.ExpirationsTopic}

var listeners sync.Map // by stack: attached once, by the first test that listens

func listen(t *testing.T, s *stack.Stack) *listener {
	t.Helper()
	if l, ok := listeners.Load(s); ok {
		return l.(*listener)
	}
	l := &listener{stack: s}
	topics := events.Topics()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		var all []map[string]any
		for _, topic := range topics {
			all = append(all, map[string]any{"pubsubname": dapr.Broadcast, "topic": topic, "route": "/heard/" + topic,
				"metadata": map[string]string{"rawPayload": fmt.Sprint(strings.HasSuffix(topic, "-dead"))}}) // there lies what is no event
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(all)
	})
	mux.HandleFunc("POST /heard/{topic}", func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			l.mu.Lock()
			l.all = append(l.all, message{r.PathValue("topic"), data})
			l.mu.Unlock()
		}
	})
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // for as long as the tests run
		// To other sidecars it is one of web's replicas, and as closed. A caller that is pretended stands before the real one, and may be "".
		if len(r.Header.Values("dapr-caller-app-id")) > 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, s.Attach(ctx, "web", "listener", server.Listener.Addr().(*net.TCPAddr).Port))

	// It begins to listen some time after its sidecar is healthy.
	for _, topic := range topics {
		eventually(t, "the listener hears "+topic, func() bool {
			probe := rand.Text()
			publish(t, s, topic, fmt.Sprintf(`{"id":%q,"type":"probe","specversion":"1.0","source":"test","data":{}}`, probe))
			time.Sleep(50 * time.Millisecond)
			return len(l.heard(topic)) > 0
		})
	}
	listeners.Store(s, l)
	return l
}

// heard returns what came on topics so far, in the order it came.
func (l *listener) heard(topics ...string) (some []message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.all {
		for _, topic := range topics {
			if m.topic == topic {
				some = append(some, m)
			}
		}
	}
	return some
}

// publish publishes an event through a sidecar. One that is no CloudEvent is published as it is.
func publish(t *testing.T, s *stack.Stack, topic, data string) {
	t.Helper()
	kind, raw := "application/cloudevents+json", "false"
	if !json.Valid([]byte(data)) {
		kind, raw = "application/octet-stream", "true"
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/v1.0/publish/%s/%s?metadata.rawPayload=%s", s.App("tickets").HTTPPort, dapr.PubSub, topic, raw)
	resp, err := http.Post(url, kind, bytes.NewBufferString(data))
	require.NoError(t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, resp.StatusCode, "%s", said)
}

// quiet returns when no sidecar has handed an event to its service for three seconds.
func quiet(t *testing.T, s *stack.Stack) {
	t.Helper()
	const calm = 3 * time.Second
	last, since := "", time.Now()
	require.Eventually(t, func() bool {
		if now := handed(s); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > calm
	}, time.Minute, 100*time.Millisecond, "the services have nothing left to hear")
}

// handed is what the sidecars count of the events that they have handed to their services, heartbeats apart.
func handed(s *stack.Stack) string {
	var counts []string
	for _, name := range []string{"tickets", "orders", "payments", "expiration", "mail"} {
		for _, replica := range s.Replicas(name) {
			text, _ := metrics(replica) // one that is down has nothing to tell
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "dapr_component_pubsub_ingress_count") && !strings.Contains(line, `topic="`+events.HeartbeatsTopic+`"`) {
					counts = append(counts, line)
				}
			}
		}
	}
	return strings.Join(counts, "")
}

// metrics is what the sidecar beside app tells of itself.
func metrics(app stack.App) (string, error) {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", app.MetricsPort))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
