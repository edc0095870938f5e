package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/services/handover/handover"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// shortly bounds work whose sidecar may be dead.
func shortly() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 300*time.Millisecond)
}

// afterDeath is the replica that comes after m, when it has heard every nudge.
func afterDeath(t *testing.T, m *market) *market {
	t.Helper()
	m.outbox.Wait()
	next := replica(t, m)
	next.clock = m.clock.Add(time.Minute) // its nudges are old by now
	for _, e := range m.sidecar.Published(next.outbox.Topic()) {
		require.NoError(t, next.outbox.Nudged(context.Background(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
	}
	return next
}

// The seller lets the deadline pass: the job ends it, and an early ring comes again.
func TestMissed(t *testing.T) {
	m := selling(t, true)
	due := m.sidecar.Jobs()["due-T-1"]
	assert.Equal(t, noon.Add(48*time.Hour), due)
	assert.Equal(t, due, m.seen(t, "bob").DueAt.Time)
	ring := func() int { return m.ask(t, "", "POST", "/job/due-T-1", "").Code }
	assert.Equal(t, http.StatusServiceUnavailable, ring(), "two days early")
	m.clock = due
	assert.Equal(t, http.StatusOK, ring())
	assert.Equal(t, http.StatusOK, ring(), "twice")
	assert.Equal(t, []string{events.HandoverDue, events.HandoverFailed}, m.told())
	for _, side := range []string{"ann", "bob"} {
		v := m.seen(t, side)
		assert.Equal(t, handover.Failed, v.Status)
		assert.Equal(t, handover.Missed, v.Reason)
	}
	late := m.attaches(t, "ann", contenttest.PDF())
	_, _, code := says(late)
	assert.Equal(t, "handover_over", code)
	assert.Equal(t, fault.Done, m.hears(t, order(events.StatusRefunded)))
	assert.Equal(t, handover.Refunded, m.seen(t, "ann").Status)
	assert.Equal(t, handover.Missed, m.seen(t, "ann").Reason, "and why")
	for _, rest := range []string{"x", "U-1", ""} {
		assert.Equal(t, http.StatusOK, m.ask(t, "", "POST", "/job/due-"+rest, "").Code, "given up: %q is nothing", rest)
	}
}

// The scheduler has lost the job: whoever looks sees it, and payments hears of it.
func TestMissedAndNothingRings(t *testing.T) {
	for name, look := range map[string]func(t *testing.T, m *market){
		"the buyer": func(t *testing.T, m *market) { assert.Equal(t, handover.Failed, m.seen(t, "bob").Status) },
		"the seller": func(t *testing.T, m *market) {
			assert.Equal(t, http.StatusBadRequest, m.attaches(t, "ann", contenttest.PDF()).Code)
		},
		"the buyer, to open":   func(t *testing.T, m *market) { m.ask(t, "bob", "POST", "/api/handovers/T-1/open", "") },
		"the seller's sales":   func(t *testing.T, m *market) { m.ask(t, "ann", "GET", "/api/handovers?as=seller", "") },
		"the seller, his file": func(t *testing.T, m *market) { m.ask(t, "ann", "GET", "/api/contents/T/file", "") },
	} {
		t.Run(name, func(t *testing.T) {
			m := selling(t, true)
			m.clock = noon.Add(48 * time.Hour)
			look(t, m)
			assert.Equal(t, []string{events.HandoverDue, events.HandoverFailed}, m.told())
		})
	}
}

// Two replicas whose clocks are apart, at the last moment: the seller hands over at one, the job rings at the other. Both sides
// see one outcome, and payments is told to return the money exactly when nothing was handed over.
func TestTheDeadlineIsOneWrite(t *testing.T) {
	for _, apart := range []time.Duration{-2 * time.Second, 0, 2 * time.Second} {
		for range 20 {
			m := selling(t, true)
			due := noon.Add(48 * time.Hour)
			other := replica(t, m)
			m.clock, other.clock = due.Add(-time.Millisecond), due.Add(apart)
			handed := make(chan int)
			go func() { handed <- m.attaches(t, "ann", contenttest.PDF()).Code }()
			other.ask(t, "", "POST", "/job/due-T-1", "")
			ok := <-handed == http.StatusOK
			later := afterDeath(t, m)
			status, told := later.seen(t, "bob").Status, later.told()
			if ok {
				assert.Equal(t, handover.Delivered, status)
				assert.Equal(t, []string{events.HandoverDue, events.HandoverDelivered}, told)
			} else {
				assert.Equal(t, handover.Failed, status)
				assert.Equal(t, []string{events.HandoverDue, events.HandoverFailed}, told)
			}
			assert.Equal(t, status, later.seen(t, "ann").Status)
		}
	}
}

// Events come twice, late and in any order.
func TestOrdersInAnyOrder(t *testing.T) {
	complete, refunded := order(events.StatusComplete), order(events.StatusRefunded)
	for name, heard := range map[string][]events.Payload{
		"as they happened":          {listed(), complete, refunded},
		"twice":                     {listed(), complete, complete, refunded, refunded},
		"the end first":             {listed(), refunded, complete},
		"the ticket last":           {complete, refunded, listed()},
		"the wrong way round":       {refunded, complete, listed(), listed()},
		"with others between":       {order(events.StatusCreated), listed(), complete, order(events.StatusCreated), refunded},
		"old news after the end":    {listed(), complete, refunded, complete, order(events.StatusCreated)},
		"cancelled, and paid later": {listed(), order(events.StatusCancelled), complete, refunded},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t)
			for _, p := range heard {
				require.Equal(t, fault.Done, m.hears(t, p))
			}
			for _, side := range []string{"ann", "bob"} {
				assert.Equal(t, handover.Refunded, m.seen(t, side).Status)
			}
			m.clock = noon.Add(100 * time.Hour)
			assert.Equal(t, http.StatusOK, m.ask(t, "", "POST", "/job/due-T-1", "").Code)
			assert.NotContains(t, m.told(), events.HandoverFailed, "the money is back already")
		})
	}
}

// An order from before events named the seller: his ticket does.
func TestAnOrderThatDoesNotNameItsSeller(t *testing.T) {
	o := order(events.StatusComplete)
	o.Ticket.SellerID = ""
	m := newMarket(t)
	assert.Equal(t, fault.Drop, m.hears(t, o), "there is no such ticket")
	m.tickets["T"] = `{"id":"T","version":0,"title":"Chess","price":19.99,"userId":"ann","startsAt":"2026-05-02T12:00:00.000Z"}`
	assert.Equal(t, fault.Done, m.hears(t, o))
	assert.Equal(t, "seller", m.seen(t, "ann").Role)
	assert.Equal(t, noon.Add(22*time.Hour), m.seen(t, "ann").DueAt.Time, "when it begins tickets says as well")
}

// A sale whose money goes back long after stands once in the lists of both, however many came between.
func TestARefundListsNoSaleTwice(t *testing.T) {
	m := selling(t, true)
	for n := range 250 {
		require.NoError(t, m.sellers.Add(t.Context(), "ann", fmt.Sprintf("X%d-1", n)))
		require.NoError(t, m.buyers.Add(t.Context(), "bob", fmt.Sprintf("X%d-1", n)))
	}
	require.Equal(t, fault.Done, m.hears(t, order(events.StatusRefunded)))
	for list, owner := range map[*dapr.List]string{m.sellers: "ann", m.buyers: "bob"} {
		ids, _, err := list.Slice(t.Context(), owner, 0, 1000)
		require.NoError(t, err)
		assert.Len(t, ids, 251)
	}
}

// What was sold long before there was a hand-over has its own way to its buyer behind it: a broker that keeps events for those
// who come later must not have all of it refunded.
func TestAnOrderOfBeforeThereWasAHandover(t *testing.T) {
	for _, status := range []events.Status{events.StatusComplete, events.StatusRefunded} {
		m := selling(t, false)
		o := order(status)
		o.Ticket.SellerID, o.ExpiresAt = "", clock.At(noon.Add(-24*time.Hour))
		assert.Equal(t, fault.Done, m.hears(t, o))
		assert.Empty(t, m.told(), "nobody is told to hand it over")
		assert.Equal(t, http.StatusNotFound, m.ask(t, "bob", "GET", "/api/handovers/T-1", "").Code)
		m.clock = noon.Add(100 * time.Hour)
		m.ask(t, "", "POST", "/job/due-T-1", "")
		assert.Empty(t, m.told(), "and nothing goes back")
	}
}

// Killed at any call of a handover's life, with that call done or not: what is asked for again is done once, and everybody is
// told of it.
func TestKilledAnywhere(t *testing.T) {
	due := noon.Add(48 * time.Hour)
	event := func(p events.Payload) func(t *testing.T, m *market, ctx context.Context) error {
		return func(t *testing.T, m *market, ctx context.Context) error {
			if o, ok := p.(events.Order); ok {
				return m.onOrder(ctx, o)
			}
			return m.onTicket(ctx, p.(events.Ticket))
		}
	}
	people := func(user, path, body string) func(t *testing.T, m *market, ctx context.Context) error { // nobody repeats it
		return func(t *testing.T, m *market, ctx context.Context) error {
			m.as(t, user, request(ctx, path, body))
			return nil
		}
	}
	handed := func(t *testing.T, m *market) {
		require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
	}
	reported := func(t *testing.T, m *market) {
		handed(t, m)
		require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/T-1/report", `{"words":"no"}`).Code)
	}
	for name, c := range map[string]struct {
		sold   bool
		before func(t *testing.T, m *market)
		at     time.Time
		do     func(t *testing.T, m *market, ctx context.Context) error
		want   []handover.Status // in the end, "" for none
	}{
		"listed":           {false, nil, noon, event(events.Ticket{ID: "T", Title: "Chess, final", Price: 1999, UserID: "ann", Version: 1}), []handover.Status{""}},
		"sold":             {false, nil, noon, event(order(events.StatusComplete)), []handover.Status{handover.Due}},
		"sold with a file": {false, handed, noon, event(order(events.StatusComplete)), []handover.Status{handover.Delivered}},
		"refunded":         {true, nil, noon, event(order(events.StatusRefunded)), []handover.Status{handover.Refunded}},
		"missed":           {true, nil, due, func(t *testing.T, m *market, ctx context.Context) error { return m.onDue(ctx, "T-1") }, []handover.Status{handover.Failed}},
		"opened":           {true, handed, noon, people("bob", "/api/handovers/T-1/open", ""), []handover.Status{handover.Delivered, handover.Opened}},
		"reported":         {true, handed, noon, people("bob", "/api/handovers/T-1/report", `{"words":"no"}`), []handover.Status{handover.Delivered, handover.Reported}},
		"upheld":           {true, reported, noon, people("olga", "/api/handovers/T-1/decision", `{"decision":"refund"}`), []handover.Status{handover.Reported, handover.Failed}},
		"dismissed":        {true, reported, noon, people("olga", "/api/handovers/T-1/decision", `{"decision":"dismiss"}`), []handover.Status{handover.Reported, handover.Dismissed}},
	} {
		for calls := range 10 {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/after %d calls, the next done: %v", name, calls, effective), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { // nobody has to wait for the dead
						m := selling(t, c.sold)
						if c.before != nil {
							c.before(t, m)
						}
						m.clock = c.at
						m.sidecar.DieAfter(calls, effective)
						ctx, cancel := shortly()
						err := c.do(t, m, ctx)
						cancel()
						m.outbox.Wait()
						m.sidecar.Revive()
						m = afterDeath(t, m)
						if err != nil {
							require.NoError(t, c.do(t, m, context.Background()), "asked for again")
						}
						everybodyKnows(t, m, c.want)
					})
				})
			}
		}
	}
}

// everybodyKnows checks how the handover stands, that each of its versions was announced as it was, that a job will ring for one
// that is due, and that it is on the lists where people look for it.
func everybodyKnows(t *testing.T, m *market, want []handover.Status) {
	t.Helper()
	h, err := m.handovers.Get(context.Background(), "T")
	require.NoError(t, err)
	versions := map[int64]bool{}
	for _, e := range m.sidecar.Published(events.HandoversTopic) {
		var told events.Handover
		require.NoError(t, json.Unmarshal(e.Data, &told))
		versions[told.Version] = true
	}
	if h.Sale == nil {
		assert.Contains(t, want, handover.Status(""))
		assert.Empty(t, versions)
		return
	}
	assert.Contains(t, want, h.Sale.Status)
	for v := range h.Sale.Version + 1 {
		assert.True(t, versions[v], "version %d of %d was announced", v, h.Sale.Version)
	}
	assert.Len(t, versions, int(h.Sale.Version)+1)
	if h.Sale.Status == handover.Due {
		assert.Contains(t, m.sidecar.Jobs(), "due-T-1")
	}
	for _, l := range []struct {
		list  *dapr.List
		owner string
	}{{m.sellers, "ann"}, {m.buyers, "bob"}} {
		ids, _, err := l.list.Oldest(context.Background(), l.owner, 0, 10)
		require.NoError(t, err)
		assert.Equal(t, []string{"T-1"}, ids)
	}
	if h.Sale.Status == handover.Reported {
		ids, _, err := m.reports.Oldest(context.Background(), allReports, 0, 10)
		require.NoError(t, err)
		assert.Equal(t, []string{"T-1"}, ids)
	}
}

// When a ticket begins counts from what was sold.
func TestTheStartMovesTheDeadline(t *testing.T) {
	m := selling(t, false)
	o := order(events.StatusComplete)
	o.Ticket.StartsAt = clock.At(noon.Add(10 * time.Hour))
	require.Equal(t, fault.Done, m.hears(t, o))
	assert.Equal(t, noon.Add(8*time.Hour), m.sidecar.Jobs()["due-T-1"])
}
