package dapr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// counter is a document whose every change is an event.
type counter struct {
	N int64 `json:"n"`
}

func announce(before, after counter) []events.Event {
	return []events.Event{events.New(events.Ticket{ID: "c", Version: after.N, UserID: "u", Title: fmt.Sprint(before.N, "→", after.N), Price: 100})}
}

func increment(c *counter) error { c.N++; return nil }

// replica is one process of a service: what it knows in memory is gone when it dies.
type replica struct {
	outbox   *dapr.Outbox
	counters *dapr.Announced[counter]
}

func start(s *daprtest.Sidecar, now func() time.Time) replica {
	outbox := dapr.NewOutbox("tickets", s, s, now, slog.New(slog.DiscardHandler))
	return replica{outbox, dapr.NewAnnounced("counter", s, outbox, announce)}
}

// nudges delivers every nudge so far to r, as the broker does after a crash.
func (r replica) nudges(t *testing.T, s *daprtest.Sidecar) error {
	t.Helper()
	var errs []error
	for _, e := range s.Published(r.outbox.Topic()) {
		errs = append(errs, r.outbox.Nudged(context.Background(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
	}
	return errors.Join(errs...)
}

// versions returns the versions announced, each once.
func versions(t *testing.T, s *daprtest.Sidecar) map[int64]bool {
	t.Helper()
	seen := map[int64]bool{}
	for _, e := range s.Published(events.TicketsTopic) {
		var ticket events.Ticket
		require.NoError(t, json.Unmarshal(e.Data, &ticket))
		seen[ticket.Version] = true
	}
	return seen
}

func TestTheFakeIsAStore(t *testing.T) { daprtest.TestStore(t, &daprtest.Sidecar{}) }

// Killed at any call, with that call done or not: either nothing was committed, or the event gets out.
func TestKilledAnywhere(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 6 {
			t.Run(fmt.Sprintf("after %d calls, the next done: %v", calls, effective), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
				defer cancel()
				s := &daprtest.Sidecar{}
				first := start(s, time.Now)
				s.DieAfter(calls, effective)
				_, err := first.counters.Upsert(ctx, dapr.ByNudge, "c", increment)
				first.outbox.Wait()
				s.Revive()

				second := start(s, time.Now)
				require.NoError(t, second.nudges(t, s))
				now, getErr := second.counters.Get(context.Background(), "c")
				if err == nil {
					require.NoError(t, getErr, "what was reported done is done")
				}
				if getErr == nil {
					assert.EqualValues(t, 1, now.N)
					assert.Equal(t, map[int64]bool{1: true}, versions(t, s), "committed, so announced")
				} else {
					assert.Empty(t, versions(t, s), "not committed, so not announced")
				}
			})
		}
	}
}

// The same for work that its caller repeats: it needs no nudge.
func TestKilledAnywhereInRepeatedWork(t *testing.T) {
	for _, effective := range []bool{false, true} {
		for calls := range 5 {
			s := &daprtest.Sidecar{}
			handle := func(limit time.Duration) error {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				defer cancel()
				_, err := start(s, time.Now).counters.Upsert(ctx, dapr.ByRepeat, "c", func(c *counter) error {
					c.N = 1 // a handler's change: doing it twice is doing it once
					return nil
				})
				return err
			}
			s.DieAfter(calls, effective)
			err := handle(200 * time.Millisecond)
			s.Revive()
			if err != nil {
				require.NoError(t, handle(time.Second), "the broker delivers it again")
			}
			assert.Equal(t, map[int64]bool{1: true}, versions(t, s), "%d %v", calls, effective)
			assert.Empty(t, s.Published("tickets-outbox"))
		}
	}
}

// A write whose answer was lost is not made again.
func TestLostAnswer(t *testing.T) {
	s := &daprtest.Sidecar{}
	r := start(s, time.Now)
	s.DieAfter(2, true) // load, nudge, save
	time.AfterFunc(30*time.Millisecond, s.Revive)
	got, err := r.counters.Upsert(context.Background(), dapr.ByNudge, "c", increment)
	require.NoError(t, err)
	assert.EqualValues(t, 1, got.N)
	r.outbox.Wait()
	assert.Equal(t, map[int64]bool{1: true}, versions(t, s))
}

func TestManyAtOnce(t *testing.T) {
	s := &daprtest.Sidecar{}
	replicas := []replica{start(s, time.Now), start(s, time.Now)}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, err := replicas[i%2].counters.Upsert(context.Background(), dapr.ByNudge, "c", increment)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for _, r := range replicas {
		r.outbox.Wait()
	}
	now, err := replicas[0].counters.Get(context.Background(), "c")
	require.NoError(t, err)
	assert.EqualValues(t, 40, now.N, "no change is lost")
	assert.Len(t, versions(t, s), 40, "and none goes untold")
	assert.NoError(t, replicas[0].nudges(t, s))
}

// Nudges of one moment share a message.
func TestNudgesAreShared(t *testing.T) {
	s := &daprtest.Sidecar{}
	r := start(s, time.Now)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			_, err := r.counters.Upsert(context.Background(), dapr.ByNudge, strconv.Itoa(i), increment)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	r.outbox.Wait()
	assert.Len(t, s.Published(events.TicketsTopic), 50)
	assert.LessOrEqual(t, len(s.Published(r.outbox.Topic())), 50)
}

// A nudge whose write has not turned up is sent once more, until no command can still be under way.
func TestANudgeWaitsForItsWrite(t *testing.T) {
	s := &daprtest.Sidecar{}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	first := start(s, time.Now)
	s.DieAfter(2, false) // load, nudge, then dead
	_, err := first.counters.Upsert(ctx, dapr.ByNudge, "c", increment)
	require.Error(t, err)
	s.Revive()
	require.NoError(t, start(s, time.Now).nudges(t, s))
	require.Len(t, s.Published(first.outbox.Topic()), 2)
	began := time.Now()
	require.NoError(t, start(s, time.Now).nudges(t, s))
	require.Len(t, s.Published(first.outbox.Topic()), 4, "for both")
	assert.Greater(t, time.Since(began), 4*time.Second, "not at once: that would be a storm")

	late := func() time.Time { return time.Now().Add(time.Hour) }
	require.NoError(t, start(s, late).nudges(t, s))
	assert.Len(t, s.Published(first.outbox.Topic()), 4, "an hour later it is certain that it never will")
}

func TestRefusalsChangeNothing(t *testing.T) {
	s := &daprtest.Sidecar{}
	r := start(s, time.Now)
	ctx := context.Background()
	refuse := func(*counter) error { return fault.New(fault.Refused, "no") }
	_, err := r.counters.Update(ctx, dapr.ByNudge, "c", increment)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = r.counters.Upsert(ctx, dapr.ByNudge, "c", refuse)
	assert.EqualError(t, err, "no")
	require.NoError(t, r.counters.Create(ctx, dapr.ByNudge, "c", counter{N: 7}))
	assert.ErrorIs(t, r.counters.Create(ctx, dapr.ByNudge, "c", counter{N: 8}), dapr.ErrExists)
	_, err = r.counters.Update(ctx, dapr.ByNudge, "c", func(c *counter) error { c.N = 99; return fault.New(fault.Refused, "no") })
	assert.EqualError(t, err, "no")
	_, err = r.counters.Update(ctx, dapr.ByNudge, "c", func(*counter) error { return nil })
	require.NoError(t, err)
	r.outbox.Wait()
	assert.Equal(t, map[int64]bool{7: true}, versions(t, s), "only the creation was worth an event")
}

func TestStoreDown(t *testing.T) {
	s := &daprtest.Sidecar{}
	s.DieAfter(0, false)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := start(s, time.Now).counters.Upsert(ctx, dapr.ByNudge, "c", increment)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// An event about it would be held for ever, and those behind it.
func TestAnUnreadableDocumentIsNoOutage(t *testing.T) {
	s := &daprtest.Sidecar{}
	require.NoError(t, s.Save(t.Context(), "counter:c", []byte("not ours"), "", 0))
	r := start(s, time.Now)
	_, got := r.counters.Get(t.Context(), "c")
	_, announced := r.counters.Announce(t.Context(), "c")
	_, updated := r.counters.Update(t.Context(), dapr.ByRepeat, "c", increment)
	for _, err := range []error{got, announced, updated} {
		require.Error(t, err)
		assert.Equal(t, fault.Internal, fault.KindOf(err), err)
	}
}

func TestListPages(t *testing.T) {
	ctx := context.Background()
	list := dapr.NewList("things", &daprtest.Sidecar{})
	var want []string
	for i := range 450 { // two full documents and a half
		id := fmt.Sprint("id", i)
		require.NoError(t, list.Add(ctx, "ann", id))
		want = append(want, id)
	}
	require.NoError(t, list.Add(ctx, "ann", "id449"), "a repeat is added once")

	read := func(page func(ctx context.Context, owner string, from, limit int) ([]string, int, error), limit int) (all []string) {
		from := 0
		for range 500 {
			ids, next, err := page(ctx, "ann", from, limit)
			require.NoError(t, err)
			all = append(all, ids...)
			if next == 0 {
				return all
			}
			from = next
		}
		t.Fatal("pages without end")
		return nil
	}
	for _, limit := range []int{1, 7, 50, 200} {
		assert.Equal(t, want, read(list.Oldest, limit))
		newest := read(list.Newest, limit)
		require.Len(t, newest, len(want))
		for i := range want {
			require.Equal(t, want[len(want)-1-i], newest[i])
		}
	}
	// Most of the ids name nothing: those that do still fill the pages.
	page := func(from, limit int) ([]string, int, error) { return list.Newest(ctx, "ann", from, limit) }
	fifth := func(ids []string) (named []string, err error) {
		for _, id := range ids {
			if n, _ := strconv.Atoi(id[2:]); n%50 == 0 {
				named = append(named, id)
			}
		}
		return named, nil
	}
	first, next, err := dapr.Fill(0, 5, page, fifth)
	require.NoError(t, err)
	assert.Equal(t, []string{"id400", "id350", "id300", "id250", "id200"}, first)
	second, next, err := dapr.Fill(next, 5, page, fifth)
	require.NoError(t, err)
	assert.Equal(t, []string{"id150", "id100", "id50", "id0"}, second)
	assert.Zero(t, next)

	ids, length, err := list.Slice(ctx, "nobody", 0, 10)
	require.NoError(t, err)
	assert.Empty(t, ids)
	assert.Zero(t, length)
}

// What is kept beside a list stays beside it when a page is full, and an id that is refused is not on the list.
func TestBesideAList(t *testing.T) {
	ctx := context.Background()
	type tally struct{ Added int }
	s := &daprtest.Sidecar{}
	list := dapr.NewList("things", s)
	add := func(id string, refusal error) (n int, err error) {
		err = dapr.AddWith(ctx, list, "ann", id, func(b *tally) error {
			b.Added++
			n = b.Added
			return refusal
		})
		return n, err
	}
	for i := range 450 {
		n, err := add(fmt.Sprint("id", i), nil)
		require.NoError(t, err)
		require.Equal(t, i+1, n)
	}
	refusal := errors.New("no")
	_, err := add("refused", refusal)
	assert.Equal(t, refusal, err)
	require.NoError(t, list.Add(ctx, "ann", "by itself"))
	n, err := add("last", nil)
	require.NoError(t, err)
	assert.Equal(t, 451, n)
	ids, length, err := list.Slice(ctx, "ann", 440, 100)
	require.NoError(t, err)
	assert.Equal(t, 452, length)
	assert.NotContains(t, ids, "refused")

	s.DieAfter(1, true) // the answer of the write is lost
	dying, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	require.Error(t, dapr.AddWith(dying, list, "ann", "lost", func(b *tally) error { b.Added++; return nil }))
	s.Revive()
	n, err = add("lost", nil)
	require.NoError(t, err)
	assert.Zero(t, n, "it is on the list, and counted, already")
}

// What is counted is what was saved: once, by whoever saved it, whatever is repeated or refused or its answer lost.
func TestChangesAreCountedOnce(t *testing.T) {
	s := &daprtest.Sidecar{}
	var counted []string
	r := start(s, time.Now)
	r.counters.Counted(func(before, after counter) { counted = append(counted, fmt.Sprint(before.N, "→", after.N)) })
	set := func(n int64) error {
		_, err := r.counters.Upsert(t.Context(), dapr.ByRepeat, "c", func(c *counter) error {
			if n < c.N {
				return fault.New(fault.Refused, "it only grows")
			}
			c.N = n
			return nil
		})
		return err
	}
	require.NoError(t, set(1))
	require.NoError(t, set(1), "again")
	require.Error(t, set(0))
	s.DieAfter(1, true) // saved, and nobody hears of it
	time.AfterFunc(50*time.Millisecond, s.Revive)
	require.NoError(t, set(2))
	s.DieAfter(1, false) // not saved
	time.AfterFunc(50*time.Millisecond, s.Revive)
	require.NoError(t, set(3))
	assert.Equal(t, []string{"0→1", "1→2", "2→3"}, counted)
}
