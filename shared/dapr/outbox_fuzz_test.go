package dapr_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// What comes on the outbox topic makes an outbox look at documents, and publishes only what lies in theirs.
func FuzzNudged(f *testing.F) {
	for _, seed := range []string{
		`{"at":"2026-01-01T00:00:00Z","commands":[{"key":"counter:a","version":1,"writer":"w.0"},{"key":"counter:none","version":1,"writer":"w.1"}]}`,
		`{"at":"2026-01-01T00:00:00Z","commands":[{"key":"counter:a","version":-1,"writer":""}]}`, `{"at":"2026-01-01T00:00:00Z","commands":[{"key":"counter:a","version":9223372036854775807}]}`,
		`{"at":"0001-01-01T00:00:00Z"}`, `{"commands":[{}]}`, `{"at":1}`, `{"commands":{}}`, `{}`, `[]`, `null`, ``, `{"at":"2999-12-31T23:59:59+23:59","commands":[{"key":""}]}`,
	} {
		f.Add([]byte(seed))
	}
	now := func() time.Time { return time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) } // no nudge is too young to look
	f.Fuzz(func(t *testing.T, data []byte) {
		sidecar := &daprtest.Sidecar{}
		outbox := dapr.NewOutbox("tickets", sidecar, sidecar, now, slog.New(slog.DiscardHandler))
		if err := dapr.NewAnnounced("counter", sidecar, outbox, announce).Create(t.Context(), dapr.ByRepeat, "a", counter{N: 1}); err != nil {
			t.Fatal(err)
		}
		before := len(sidecar.Published(events.TicketsTopic))
		err := outbox.Nudged(t.Context(), events.Envelope{ID: "1", Type: "nudge", Data: data})
		if kind := fault.KindOf(err); err != nil && kind != fault.Invalid && kind != fault.Early {
			t.Fatalf("%q: %v", data, err)
		}
		if err == nil && !json.Valid(data) {
			t.Fatalf("%q was taken for a nudge", data)
		}
		for _, e := range sidecar.Published(events.TicketsTopic)[before:] {
			if e.ID != "ticket.updated/c/1" {
				t.Fatalf("%q made it publish %s", data, e.ID)
			}
		}
	})
}
