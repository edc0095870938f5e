package dapr_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/trace"
)

// traces is a broker that notes of which trace each event is said to be part.
type traces struct {
	*daprtest.Sidecar
	of map[string]string // by event type
}

func (b traces) Publish(ctx context.Context, e events.Event) error {
	b.of[e.Type] = trace.ID(ctx)
	return b.Sidecar.Publish(ctx, e)
}

// Whoever publishes an event in the end, it is part of the trace that its change was part of.
func TestALateEventIsPartOfItsTrace(t *testing.T) {
	const placed = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	s := &daprtest.Sidecar{}
	first := start(s, time.Now)
	s.DieAfter(3, false) // load, nudge and save are done
	_, _ = first.counters.Upsert(trace.From(t.Context(), placed), dapr.ByNudge, "c", increment)
	first.outbox.Wait()
	s.Revive()
	require.Empty(t, s.Published(events.TicketsTopic), "committed and not announced")

	second := traces{s, map[string]string{}}
	outbox := dapr.NewOutbox("tickets", s, second, time.Now, slog.New(slog.DiscardHandler))
	for _, e := range s.Published(outbox.Topic()) {
		require.NoError(t, outbox.Nudged(t.Context(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
	}
	assert.Equal(t, map[string]string{events.TicketUpdated: placed[3:35]}, second.of)
}
