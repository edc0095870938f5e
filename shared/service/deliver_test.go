package service

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// delivered hands the same event to h once a second for that long, as a sidecar does that is told RETRY, and returns what
// was said last and when.
func delivered(t *testing.T, long time.Duration, h func() error) (said fault.Outcome, after time.Duration) {
	t.Helper()
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
	r.now = func() time.Time { return began.Add(after) }
	On(r, func(context.Context, events.Ticket) error { return h() })
	for said = fault.Retry; said == fault.Retry && after <= long; after += time.Second {
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond) // the service does not wait for a part that is down
		said = bring(t, ctx, r)
		cancel()
	}
	return said, after - time.Second
}

func bring(t *testing.T, ctx context.Context, r *Routes) fault.Outcome {
	t.Helper()
	req := httptest.NewRequestWithContext(ctx, "POST", "/events/tickets", strings.NewReader(`{"id":"1","type":"ticket.created","data":{"id":"T","version":0,"title":"x","price":1,"userId":"u"}}`))
	req.Header.Set("dapr-api-token", "token")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	require.Equal(t, http.StatusOK, w.Code, "else the sidecar asks for ever: %s", w.Body)
	var answer struct{ Status fault.Outcome }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Status
}

// What a handler returns decides how long its event is held before it becomes a dead letter.
func TestHowLongAnEventIsHeld(t *testing.T) {
	const anHour = time.Hour
	for _, c := range []struct {
		name  string
		err   error
		said  fault.Outcome
		after time.Duration
	}{
		{"handled", nil, fault.Done, 0},
		{"nothing left to do", fault.New(fault.Refused, "late"), fault.Done, 0},
		{"malformed", fault.New(fault.Invalid, "what?"), fault.Drop, 0},
		{"a store that is away", fault.Down(errors.New("connection refused"), "later"), fault.Retry, anHour},
		{"a call that took too long", context.DeadlineExceeded, fault.Retry, anHour},
		{"a part that has too much to do", fault.New(fault.TooMany, "slowly"), fault.Retry, anHour},
		{"what it builds on has not come", fault.New(fault.Early, "early"), fault.Drop, 2 * time.Minute},
		{"what it is about is not there", fault.NoSuchThing(), fault.Drop, 10 * time.Second},
		{"a fault of ours", errors.New("no idea"), fault.Drop, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			said, after := delivered(t, anHour, func() error { return c.err })
			assert.Equal(t, c.said, said)
			assert.Equal(t, c.after, after)
		})
	}
}

// A panic would hold up its topic for ever: the sidecar takes it for a service that is down.
func TestAnEventThatMakesItsHandlerPanicIsPoison(t *testing.T) {
	said, after := delivered(t, time.Hour, func() error { panic("nobody thought of this") })
	assert.Equal(t, fault.Drop, said)
	assert.Equal(t, 10*time.Second, after)
}

// An outage in between says nothing about the event.
func TestAnOutageWipesTheSlateClean(t *testing.T) {
	tries := 0
	said, after := delivered(t, time.Hour, func() error {
		if tries++; tries == 10 {
			return fault.Down(nil, "later")
		}
		return fault.NoSuchThing()
	})
	assert.Equal(t, fault.Drop, said)
	assert.Equal(t, 20*time.Second, after)
}

// Without dead letters DROP would throw it away: a nudge is repeated until its write is settled.
func TestWhatHasNoDeadLettersIsNeverDroppedForFailing(t *testing.T) {
	now := time.Now()
	r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
	r.now = func() time.Time { return now }
	r.subscribe(subscription{Topic: "tickets", Route: "/events/tickets"}, func(context.Context, events.Envelope) error { return errors.New("unreadable") })
	for range 100 {
		assert.Equal(t, fault.Retry, bring(t, t.Context(), r))
		now = now.Add(time.Minute)
	}
}

// What the sidecar and the broker are told fits what the service does: it answers before the broker loses patience, and it
// alone decides which events become dead letters.
func TestComponentsLeaveTheDecisionToTheService(t *testing.T) {
	read := func(path string, into any) {
		text, err := os.ReadFile("../../components/" + path)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, into))
	}
	for _, file := range []string{"pubsub.yaml", "outbox.yaml"} {
		var component struct {
			Spec struct {
				Metadata []struct{ Name, Value string }
			}
		}
		read("pubsub-jetstream/"+file, &component)
		for _, m := range component.Spec.Metadata {
			if m.Name == "ackWait" {
				ackWait, err := time.ParseDuration(m.Value)
				require.NoError(t, err)
				assert.Less(t, deliveryLimit, ackWait, file)
			}
		}
	}
	var resiliency struct {
		Spec struct {
			Policies struct {
				Retries map[string]struct {
					Policy     string
					MaxRetries int `yaml:"maxRetries"`
				}
			}
			Targets struct {
				Components map[string]struct{ Inbound struct{ Retry string } }
			}
		}
	}
	read("resiliency/resiliency.yaml", &resiliency)
	held := resiliency.Spec.Policies.Retries[resiliency.Spec.Targets.Components[dapr.PubSub].Inbound.Retry]
	assert.Equal(t, -1, held.MaxRetries)
	assert.Equal(t, "constant", held.Policy)
}
