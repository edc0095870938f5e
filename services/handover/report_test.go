package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/services/handover/handover"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

func request(ctx context.Context, path, body string) *http.Request {
	return httptest.NewRequest("POST", path, strings.NewReader(body)).WithContext(ctx)
}

// list asks for a list and where the next page begins.
func list(t testing.TB, m *market, user, path string) (all []shown, next string) {
	t.Helper()
	w := m.ask(t, user, "GET", path, "")
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
	if link := w.Header().Get("Link"); link != "" {
		next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
	}
	return all, next
}

// It did not work: the buyer says so, an operator sees it and decides, once, and who it was is kept.
func TestReported(t *testing.T) {
	for _, c := range []struct {
		decision, other string
		status          handover.Status
		event           string
	}{{"refund", "dismiss", handover.Failed, events.HandoverFailed}, {"dismiss", "refund", handover.Dismissed, events.HandoverDismissed}} {
		m := selling(t, true)
		require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
		report := func(user, body string) *httptest.ResponseRecorder {
			return m.ask(t, user, "POST", "/api/handovers/T-1/report", body)
		}
		for _, stranger := range []string{"", "ann", "eve", "olga"} {
			assert.Equal(t, http.StatusUnauthorized, report(stranger, `{"words":"x"}`).Code, stranger)
		}
		for _, bad := range []string{`{}`, `{"words":"  "}`, `{"words":7}`, `{"words":"` + strings.Repeat("x", 2001) + `"}`, `{"words":"x","refund":true}`} {
			assert.Equal(t, http.StatusBadRequest, report("bob", bad).Code, bad)
		}
		assert.Equal(t, handover.Delivered, m.seen(t, "bob").Status)
		require.Equal(t, http.StatusOK, report("bob", `{"words":"It was used before"}`).Code)
		require.Equal(t, http.StatusOK, report("bob", `{"words":"once more"}`).Code, "twice")
		v := m.seen(t, "ann")
		assert.Equal(t, "It was used before", v.Report)
		assert.True(t, v.Frozen)

		decide := func(user, body string) *httptest.ResponseRecorder {
			return m.ask(t, user, "POST", "/api/handovers/T-1/decision", body)
		}
		for _, stranger := range []string{"", "ann", "bob", "eve"} {
			assert.Equal(t, http.StatusUnauthorized, decide(stranger, `{"decision":"refund"}`).Code, stranger)
			assert.Equal(t, http.StatusUnauthorized, m.ask(t, stranger, "GET", "/api/handovers/reports", "").Code, stranger)
		}
		for _, bad := range []string{`{}`, `{"decision":"keep"}`, `{"decision":7}`} {
			assert.Equal(t, http.StatusBadRequest, decide("olga", bad).Code, bad)
		}
		open, _ := list(t, m, "olga", "/api/handovers/reports")
		require.Len(t, open, 1)
		assert.Equal(t, "bob", open[0].BuyerID)
		m.clock = noon.Add(time.Hour)
		require.Equal(t, http.StatusOK, decide("olga", `{"decision":"`+c.decision+`"}`).Code)
		require.Equal(t, http.StatusOK, decide("oleg", `{"decision":"`+c.decision+`"}`).Code, "the same again")
		assert.Equal(t, http.StatusBadRequest, decide("oleg", `{"decision":"`+c.other+`"}`).Code)
		assert.Equal(t, http.StatusNotFound, m.ask(t, "olga", "POST", "/api/handovers/T-7/decision", `{"decision":"refund"}`).Code)
		v = m.seen(t, "olga")
		assert.Equal(t, c.status, v.Status)
		assert.Equal(t, "olga", v.DecidedBy)
		assert.Equal(t, noon.Add(time.Hour), v.DecidedAt.Time)
		for _, side := range []string{"ann", "bob"} {
			assert.Empty(t, m.seen(t, side).DecidedBy, "not for them")
			assert.EqualValues(t, c.decision, m.seen(t, side).Decision)
		}
		open, _ = list(t, m, "olga", "/api/handovers/reports")
		assert.Empty(t, open)
		decided, _ := list(t, m, "oleg", "/api/handovers/reports?state=decided")
		require.Len(t, decided, 1)
		assert.Equal(t, "olga", decided[0].DecidedBy)
		assert.Equal(t, []string{events.HandoverDue, events.HandoverDelivered, events.HandoverReported, c.event}, m.told())
	}
}

// A buyer who reports his ticket unopened, and opens it when an operator has looked, is not refunded on that: the operator says
// what he has read. Deciding the same twice is one all the same.
func TestADecisionAboutWhatWasRead(t *testing.T) {
	m := selling(t, true)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
	require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/T-1/report", `{"words":"it is a fake"}`).Code)
	read := func() string { return m.ask(t, "olga", "GET", "/api/handovers/T-1", "").Header().Get("ETag") }
	refund := func(tag string) int {
		r := httptest.NewRequest("POST", "/api/handovers/T-1/decision", strings.NewReader(`{"decision":"refund"}`))
		r.Header.Set("If-Match", tag)
		return m.as(t, "olga", r).Code
	}
	unopened := read()
	require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/T-1/open", "").Code)
	assert.Equal(t, http.StatusPreconditionFailed, refund(unopened))
	assert.Equal(t, handover.Reported, m.seen(t, "olga").Status)
	opened := read()
	assert.Equal(t, http.StatusOK, refund(opened))
	assert.Equal(t, http.StatusOK, refund(opened), "twice")
	assert.Equal(t, handover.Failed, m.seen(t, "olga").Status)
}

// Pages of sales, purchases and reports hold each once, the latest first.
func TestLists(t *testing.T) {
	m := newMarket(t)
	for i := range 7 {
		ticket := fmt.Sprintf("T%d", i)
		o := order(events.StatusComplete)
		o.ID, o.Ticket.ID = ticket+"-1", ticket
		require.Equal(t, fault.Done, m.hears(t, o))
		r := httptest.NewRequest("PUT", "/api/contents/"+ticket, strings.NewReader(`{"text":"x"}`))
		require.Equal(t, http.StatusOK, m.as(t, "ann", r).Code)
		require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/"+o.ID+"/report", `{"words":"x"}`).Code)
	}
	require.NoError(t, m.sellers.Add(t.Context(), "ann", "T9-1"), "which names nothing")
	for user, path := range map[string]string{"ann": "/api/handovers?as=seller&limit=3", "bob": "/api/handovers?as=buyer&limit=3", "olga": "/api/handovers/reports?limit=3"} {
		var ids []string
		for next := path; next != ""; {
			var page []shown
			page, next = list(t, m, user, next)
			for _, v := range page {
				ids = append(ids, v.OrderID)
			}
		}
		assert.Equal(t, []string{"T6-1", "T5-1", "T4-1", "T3-1", "T2-1", "T1-1", "T0-1"}, ids, user)
	}
	for _, path := range []string{"", "?as=owner", "?as=seller&limit=0", "?as=seller&cursor=x", "?as=seller&colour=red"} {
		assert.Equal(t, http.StatusBadRequest, m.ask(t, "ann", "GET", "/api/handovers"+path, "").Code, path)
	}
	assert.Equal(t, http.StatusUnauthorized, m.ask(t, "", "GET", "/api/handovers?as=seller", "").Code)
	none, _ := list(t, m, "eve", "/api/handovers?as=seller")
	assert.Empty(t, none)
	assert.Equal(t, "[]\n", m.ask(t, "eve", "GET", "/api/handovers?as=buyer", "").Body.String())
	for _, bad := range []string{"?cursor=x", "?state=x", "?colour=red"} {
		assert.Equal(t, http.StatusBadRequest, m.ask(t, "olga", "GET", "/api/handovers/reports"+bad, "").Code, bad)
	}
	undecided, _ := list(t, m, "olga", "/api/handovers/reports?state=decided")
	assert.Empty(t, undecided)
}
