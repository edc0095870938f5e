package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/desk/letter"
	"marketplace/shared/api"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

type world struct {
	*server
	sidecar *daprtest.Sidecar
	at      time.Time
}

func newWorld() *world {
	w := &world{sidecar: &daprtest.Sidecar{}, at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.server = newServer(w.sidecar, w.sidecar, func() time.Time { return w.at }, slog.New(slog.DiscardHandler))
	w.sessions = session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), w.now)
	return w
}

func dead(n int) []byte {
	return fmt.Appendf(nil, `{"id":"e%d","type":"order.created","topic":"orders","subject":"T-%d","data":{"id":"T-%d"}}`, n, n, n)
}

func (w *world) lists(t *testing.T, limit int) (all []letter.Letter) {
	t.Helper()
	for page := (api.Page{Limit: limit}); ; {
		some, next, err := w.waitingLetters(t.Context(), page)
		require.NoError(t, err)
		all = append(all, some...)
		if next == "" {
			return all
		}
		page.Cursor = next
	}
}

// Ten thousand at once are taken, listed page by page without a gap, and counted.
func TestAFlood(t *testing.T) {
	w, many := newWorld(), 10_000
	if testing.Short() {
		many = 500
	}
	for n := range many {
		w.at = w.at.Add(time.Millisecond)
		require.NoError(t, w.receive(t.Context(), "tickets", dead(n)))
	}
	all := w.lists(t, 200)
	require.Len(t, all, many)
	for i, l := range all {
		require.Equal(t, fmt.Sprint("e", many-1-i), l.EventID, "the latest first")
	}
	entries, err := w.waiting.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, entries, many)
}

// A replay dies at any of its calls and is asked for again: the event is sent, under one id, and is listed as settled once.
func TestAReplayKilledAtEveryCall(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for n := range 12 {
			w := newWorld()
			require.NoError(t, w.receive(t.Context(), "tickets", dead(1)))
			id := letter.Read("tickets", dead(1)).ID
			again := func(l *letter.Letter) error { return l.Replay("olga", w.now()) }
			w.sidecar.DieAfter(n, effective)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, _ = w.end(ctx, id, again)
			cancel()
			w.outbox.Wait()
			w.sidecar.Revive()
			next := newServer(w.sidecar, w.sidecar, w.now, w.log) // another process
			_, err := next.end(t.Context(), id, again)
			require.NoError(t, err)
			next.outbox.Wait()
			for _, nudge := range w.sidecar.Published(events.OutboxTopic("desk")) {
				w.at = w.at.Add(2 * time.Second)
				_ = next.outbox.Nudged(t.Context(), events.Envelope{Data: nudge.Data})
			}
			sent := w.sidecar.Published(events.OrdersTopic)
			require.NotEmpty(t, sent, "killed at %d, %v", n, effective)
			for _, e := range sent {
				assert.Equal(t, "e1/again/tickets-1", e.ID)
			}
			w.at = w.at.Add(time.Hour)
			assert.Empty(t, w.lists(t, 50))
			found, _, err := w.settledLetters(t.Context(), api.Page{Limit: 50})
			require.NoError(t, err)
			require.Len(t, found, 1)
			assert.Equal(t, 1, found[0].Replays)
		}
	}
}

// The arrival of a letter dies at any of its calls and is repeated, as the sidecar does: it waits then, once.
func TestAnArrivalKilledAtEveryCall(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for n := range 6 {
			w := newWorld()
			w.sidecar.DieAfter(n, effective)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_ = w.receive(ctx, "tickets", dead(1))
			cancel()
			w.sidecar.Revive()
			require.NoError(t, w.receive(t.Context(), "tickets", dead(1)))
			require.NoError(t, w.receive(t.Context(), "tickets", dead(1)))
			all := w.lists(t, 50)
			require.Len(t, all, 1)
			assert.Len(t, all[0].Notes, 1)
		}
	}
}

// A full drawer refuses what comes, which waits at the broker then.
func TestAFullDesk(t *testing.T) {
	w := newWorld()
	var err error
	for n := 0; err == nil && n < 64*500+1; n++ {
		err = w.receive(t.Context(), "tickets", dead(n))
	}
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// What Prometheus says is read within bounds; that it is away is no error.
func TestFigures(t *testing.T) {
	query := since(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	assert.Contains(t, query, `increase(marketplace_tickets_listed_total[43200s])`)
	answer := `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"figure":"listed"},"value":[1,"12"]},{"metric":{"figure":"placed"},"value":[1,"NaN"]}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/v1/query", r.URL.Path)
		if answer == "" {
			time.Sleep(3 * time.Second)
		}
		_, _ = rw.Write([]byte(answer))
	}))
	defer server.Close()
	var p prometheus
	require.NoError(t, p.Decode(server.URL))
	found, err := p.ask(t.Context(), query)
	require.NoError(t, err)
	assert.Equal(t, map[string]int64{"listed": 12}, found)
	for _, bad := range []string{"", `{"status":"error","error":"too busy"}`, "not JSON", `{"status":"success","data":"` + strings.Repeat("x", figuresMost) + `"}`} {
		answer = bad
		began := time.Now()
		_, err := p.ask(t.Context(), query)
		assert.Error(t, err)
		assert.Less(t, time.Since(began), 2*time.Second)
	}
	for _, bad := range []string{"prometheus:9090", "ftp://x", "http://u:p@x", "http://x?y"} {
		assert.Error(t, p.Decode(bad), bad)
	}
}
