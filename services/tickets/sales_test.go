package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// soldOf follows the pages of somebody's sales, limit on each, to the end.
func (s *stall) soldOf(t *testing.T, seller string, limit int) (all []sale, pages int) {
	t.Helper()
	for path := fmt.Sprint("/api/sales?limit=", limit); path != ""; pages++ {
		require.Less(t, pages, 100)
		w := s.ask(t, seller, "GET", path, "")
		require.Equal(t, 200, w.Code, "%s", w.Body)
		var page []sale
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &page))
		require.LessOrEqual(t, len(page), limit)
		all = append(all, page...)
		path = nextOf(w)
	}
	return all, pages
}

func nextOf(w *httptest.ResponseRecorder) string {
	link, _, _ := strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), ">")
	return link
}

// A seller sees what became of his tickets, and of nobody else's.
func TestSales(t *testing.T) {
	s := newStall()
	assert.Equal(t, 401, s.ask(t, "", "GET", "/api/sales", "").Code)
	assert.JSONEq(t, `[]`, s.ask(t, "ann", "GET", "/api/sales", "").Body.String())

	ids := map[string]string{}
	for _, title := range []string{"Refunded", "Free", "Sold", "Given back", "Run out", "Held"} {
		ids[title] = s.sells(t, "ann", title)
	}
	s.hold(t, s.sells(t, "bob", "Another's"), 1, events.StatusComplete)
	s.hold(t, ids["Run out"], 1, events.StatusCreated)
	*s.clock = s.clock.Add(time.Hour)
	s.hold(t, ids["Refunded"], 1, events.StatusRefunded)
	s.hold(t, ids["Sold"], 1, events.StatusComplete)
	s.hold(t, ids["Given back"], 1, events.StatusCancelled)
	s.hold(t, ids["Held"], 1, events.StatusAwaitingPayment)
	want := []sale{}
	for _, state := range [][2]string{{"Held", "held"}, {"Sold", "sold"}, {"Refunded", "refunded"}} {
		want = append(want, sale{TicketID: ids[state[0]], Title: state[0], Price: 1000, Currency: "usd", OrderID: ids[state[0]] + "-1", State: state[1]})
	}
	for limit := 1; limit <= 4; limit++ {
		all, _ := s.soldOf(t, "ann", limit)
		assert.Equal(t, want, all, "%d on a page", limit)
	}
	w := s.ask(t, "ann", "GET", "/api/sales", "")
	assert.Equal(t, 304, s.ask(t, "ann", "GET", "/api/sales", "", "If-None-Match", w.Header().Get("ETag")).Code)
	for _, query := range []string{"limit=0", "cursor=x", "cursor=-1", "sort=new"} {
		status, _, field := refused(t, s.ask(t, "ann", "GET", "/api/sales?"+query, ""))
		assert.Equal(t, 400, status, query)
		assert.Equal(t, strings.Split(query, "=")[0], field, query)
	}
	assert.Equal(t, 200, s.ask(t, "ann", "GET", "/api/sales?cursor=1000000000", "").Code)
}

// Whoever has listed a great many tickets and sold few finds them all, and no page of his costs more than a few looks.
func TestSalesAmongManyTickets(t *testing.T) {
	s := newStall()
	const many = 2500
	for i := range many {
		id := fmt.Sprint("T", i)
		made, err := ticket.New(id, "ann", ticket.Offer{Title: "Aida", Price: 1000}, now())
		require.NoError(t, err)
		if i%900 == 0 {
			made.OrderID, made.Sold = id+"-1", true
		}
		require.NoError(t, s.sellers.Add(t.Context(), "ann", id))
		if i%7 != 0 || i%900 == 0 { // some were listed and never made
			require.NoError(t, s.tickets.Create(t.Context(), dapr.ByRepeat, id, made))
		}
	}
	all, pages := s.soldOf(t, "ann", 2)
	var ids []string
	for _, sold := range all {
		ids = append(ids, sold.TicketID)
	}
	assert.Equal(t, []string{"T1800", "T900", "T0"}, ids)
	assert.LessOrEqual(t, pages, 4)

	s.store.DieAfter(salesLooks*(2+salesSlice+1), false) // a look reads the list's pages and its tickets
	w := s.ask(t, "ann", "GET", "/api/sales?limit=200", "")
	assert.Equal(t, 200, w.Code, "%s", w.Body)
	s.store.Revive()
	s.store.DieAfter(0, false)
	_, code, _ := refused(t, s.ask(t, "ann", "GET", "/api/sales", ""))
	assert.Equal(t, fault.Code("unavailable"), code)
}
