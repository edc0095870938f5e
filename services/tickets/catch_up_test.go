package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
)

// replica is one that has read n tickets, and its store.
func replica(t *testing.T, n int) (*server, *daprtest.Sidecar) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sidecar := &daprtest.Sidecar{}
	s := &server{
		tickets:   dapr.NewAnnounced("ticket", sidecar, dapr.NewOutbox("tickets", sidecar, sidecar, now, log), announce),
		everybody: dapr.NewList("tickets", sidecar), catalogue: catalogue.New(), now: now, log: log,
		hearing: dapr.NewHearing(nil, nil, nil, now, log), stocked: make(chan struct{}), again: make(chan struct{}, 1),
	}
	for i := range n {
		elsewhere(t, s, fmt.Sprint("T", i))
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go s.stock(ctx)
	<-s.stocked
	return s, sidecar
}

// elsewhere lists a ticket of which s hears nothing.
func elsewhere(t *testing.T, s *server, id string) {
	t.Helper()
	made, err := ticket.New(id, "ann", ticket.Offer{Title: "Aida", Price: 100}, now())
	require.NoError(t, err)
	require.NoError(t, s.everybody.Add(t.Context(), catalogue.ShelfOf(id), id))
	require.NoError(t, s.tickets.Create(t.Context(), dapr.ByRepeat, id, made))
}

// these asks for tickets by id, as open pages do when they connect.
func these(t *testing.T, s *server, ids string) (found []string, err error) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.browse(w, &http.Request{Method: "GET", URL: &url.URL{Path: "/api/tickets", RawQuery: "ids=" + ids}}); err != nil {
		return nil, err
	}
	var page []shown
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &page))
	for _, t := range page {
		found = append(found, t.ID+" "+t.OrderID)
	}
	return found, nil
}

// A hundred tickets by id, as often as a stranger likes, are no work for the store.
func TestAnOpenPageCostsTheStoreNothing(t *testing.T) {
	s, sidecar := replica(t, 100)
	require.NoError(t, s.hearOrder(t.Context(), events.Order{ID: "O", SaleVersion: 1, Status: events.StatusComplete, Ticket: events.OrderTicket{ID: "T1"}}))
	sidecar.DieAfter(0, false)
	var ids []string
	for i := range 100 {
		ids = append(ids, fmt.Sprint("T", i))
	}
	found, err := these(t, s, strings.Join(ids, ","))
	require.NoError(t, err)
	assert.Len(t, found, 100)
	found, err = these(t, s, "T2,T1,nosuch")
	require.NoError(t, err)
	assert.Equal(t, []string{"T2 ", "T1 O"}, found, "sold ones too")
}

// What broadcasts may have been missed is read from the store at once, not when the slow round comes to it; until then the
// store answers for tickets by id.
func TestACatalogueThatWasDeafCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sidecar := replica(t, 3*stockPage)
		elsewhere(t, s, "missed")
		found, err := these(t, s, "missed")
		require.NoError(t, err)
		assert.Empty(t, found)

		began := time.Now()
		sidecar.DieAfter(0, false) // the store takes its time
		s.catchUp()
		s.catchUp()
		synctest.Wait()
		sidecar.Revive()
		found, err = these(t, s, "missed")
		require.NoError(t, err)
		assert.Equal(t, []string{"missed "}, found, "by the store")
		assert.Empty(t, s.catalogue.These([]string{"missed"}))

		time.Sleep(time.Second)
		synctest.Wait()
		assert.NotEmpty(t, s.catalogue.These([]string{"missed"}))
		assert.True(t, s.isUpToDate())
		assert.Less(t, time.Since(began), stockPause)
	})
}
