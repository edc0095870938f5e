package trace

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// a trace of somebody else's: not kept by him, and kept.
const (
	unkept = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	kept   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// keeping runs do in a service that keeps a share of the traces, and returns what Zipkin was sent by its end.
func keeping(t *testing.T, share, slow string, do func()) []span {
	t.Helper()
	var mu sync.Mutex
	var got []span
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var spans []span
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&spans))
		got = append(got, spans...)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	t.Setenv("TRACES_TO", server.URL+"/api/v2/spans")
	t.Setenv("TRACES_SHARE", share)
	t.Setenv("TRACES_SLOW", slow)
	t.Setenv("APP_API_TOKEN", "secret")
	end, err := Begin("orders", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() {
		otel.SetTracerProvider(noop.NewTracerProvider())
		rule.Store(newSharing(0, ""))
	}()
	do()
	end()
	return got
}

func TestWhatZipkinIsTold(t *testing.T) {
	var parent string
	got := keeping(t, "1", "1h", func() {
		ctx, span := Enter(From(t.Context(), kept), "POST /api/orders")
		Is(ctx, "place", Order("T-1"), Ticket("T"))
		parent = Parent(ctx)
		_, end := Step(ctx, "charge")
		end(errors.New("ann@example.com has no money"))
		span.End()
	})
	require.Len(t, got, 2)
	charge, place := got[0], got[1]
	assert.Equal(t, "place", place.Name)
	assert.Equal(t, "SERVER", place.Kind)
	assert.Equal(t, endpoint{"orders"}, place.Local)
	assert.Equal(t, map[string]string{"order": "T-1", "ticket": "T"}, place.Tags)
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", place.TraceID)
	assert.Equal(t, "b7ad6b7169203331", place.ParentID)
	assert.Equal(t, "00-"+place.TraceID+"-"+place.ID+"-01", parent, "what is called meanwhile hangs on it")
	assert.InDelta(t, time.Now().UnixMicro(), place.Timestamp, 1e7)
	assert.Equal(t, place.ID, charge.ParentID)
	assert.Empty(t, charge.Kind)
	assert.Equal(t, map[string]string{"error": "failed"}, charge.Tags, "never what an error says: it may be about a person")
}

// Without a collector each process keeps what it knows to be worth it.
func TestWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		name, share, slow string
		parent            string
		fails             bool
		want              int
	}{
		{"one of the share", "1", "1h", "", false, 2},
		{"not of the share", "0", "1h", "", false, 0},
		{"not of the share, and failed", "0", "1h", "", true, 2},
		{"not of the share, and slow", "0", "1ns", "", false, 2},
		{"who came first keeps it", "0", "1h", kept, false, 2},
		{"who came first does not keep it", "1", "1h", unkept, false, 0},
		{"nor does he, and it failed here", "0", "1h", unkept, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := keeping(t, c.share, c.slow, func() {
				ctx, span := Enter(From(t.Context(), c.parent), "work")
				_, end := Step(ctx, "part of it")
				if end(nil); c.fails {
					Failed(ctx, "internal")
				}
				span.End()
			})
			assert.Len(t, got, c.want)
		})
	}
}

// What fails at last takes along what was before it, and nothing of other traces.
func TestAProcessKeepsItsPartOfAFailedTrace(t *testing.T) {
	got := keeping(t, "0", "1h", func() {
		ctx, span := Enter(t.Context(), "this")
		other, otherSpan := Enter(t.Context(), "that")
		for range 3 {
			_, end := Step(ctx, "step")
			end(nil)
			_, end = Step(other, "step")
			end(nil)
		}
		Failed(ctx, "internal")
		span.End()
		otherSpan.End()
	})
	assert.Len(t, got, 4)
}

// Every replica decides alike, and whoever is outside cannot make us keep what he likes.
func TestTheShare(t *testing.T) {
	one, other, stranger := newSharing(0.05, "secret"), newSharing(0.05, "secret"), newSharing(0.05, "another")
	n, differ := 0, 0
	for range 20_000 {
		id := one.begin().TraceID()
		if one.keeps(id) {
			n++
		}
		assert.Equal(t, one.keeps(id), other.keeps(id))
		if one.keeps(id) != stranger.keeps(id) {
			differ++
		}
	}
	assert.InDelta(t, 1000, n, 200)
	assert.Greater(t, differ, 500)
	assert.True(t, newSharing(1, "").keeps(oteltrace.TraceID{0xff}))
	assert.False(t, newSharing(0, "").keeps(oteltrace.TraceID{}))

	assert.Equal(t, unkept, Parent(FromOutside(t.Context(), kept)), "his trace goes on, and we keep nothing")
	assert.Empty(t, Parent(FromOutside(t.Context(), "00-zz")))
}

func TestContexts(t *testing.T) {
	assert.Equal(t, kept, Parent(From(t.Context(), kept)))
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", ID(From(t.Context(), kept)))
	for _, none := range []string{"", "00-zz", strings.ToUpper(kept), kept + "-00", "01" + kept[2:], "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"} {
		assert.Empty(t, Parent(From(t.Context(), none)), none)
		assert.Equal(t, kept, Parent(From(From(t.Context(), kept), none)), "what is none changes nothing: %q", none)
	}
	// Nothing is kept, and there is a trace all the same: requests are called by it.
	ctx, span := Enter(context.Background(), "work")
	defer span.End()
	assert.Len(t, ID(ctx), 32)
	assert.Len(t, Parent(ctx), len(kept))
	ctx, _ = Enter(From(context.Background(), kept), "work")
	assert.Equal(t, kept, Parent(ctx))
}

// What follows days later begins a trace that names the one before.
func TestAParentLongGone(t *testing.T) {
	var soon, late string
	got := keeping(t, "1", "1h", func() {
		ctx, span := Enter(FromBefore(t.Context(), kept, 59*time.Minute), "soon")
		soon = ID(ctx)
		span.End()
		ctx, span = Enter(FromBefore(From(t.Context(), kept), kept, 72*time.Hour), "late")
		late = ID(ctx)
		span.End()
	})
	assert.Equal(t, ID(From(t.Context(), kept)), soon)
	assert.NotEqual(t, soon, late)
	require.Len(t, got, 2)
	assert.Empty(t, got[1].ParentID)
	assert.Equal(t, soon, got[1].Tags["follows"])
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"TRACES_SHARE", "2"}, {"TRACES_SHARE", "-1"}, {"TRACES_SHARE", "some"}, {"TRACES_SLOW", "0s"}, {"TRACES_SLOW", "soon"}, {"TRACES_TO", "zipkin:9411"}, {"TRACES_TO", "/spans"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			_, err := Begin("orders", slog.New(slog.DiscardHandler))
			assert.ErrorContains(t, err, "setting")
			assert.ErrorContains(t, err, c.name)
		})
	}
	rule.Store(newSharing(0, ""))
}

// A Zipkin that does not answer holds up nobody.
func TestNobodyWaitsForZipkin(t *testing.T) {
	began := time.Now()
	t.Setenv("TRACES_TO", "http://127.0.0.1:1/api/v2/spans")
	t.Setenv("TRACES_SHARE", "1")
	end, err := Begin("orders", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	for range 5 * waitingMost {
		_, span := Enter(t.Context(), "work")
		span.End()
	}
	end()
	assert.Less(t, time.Since(began), endLimit+time.Second)
	rule.Store(newSharing(0, ""))
}
