package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/session"
)

func TestAStreamBeginsWithHowThingsAreAndGoesOnWithWhatChanges(t *testing.T) {
	s, ann := newSite(t, map[string]string{"GET /api/tickets": `[{"id":"T1","version":2,"title":"Aida","price":19.99,"userId":"bob","orderId":"O1","saleVersion":4}]`})
	s.now = func() time.Time { return noon.AddDate(100, 0, 0) } // the connection has real deadlines
	server := httptest.NewServer(http.HandlerFunc(s.live))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/live?tickets=T1&listings", nil)
	require.NoError(t, err)
	req.AddCookie(ann)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	next := func() string { // the next event
		text := ""
		for lines.Scan() && (lines.Text() != "" || text == "") {
			if line := lines.Text(); line != "" && line[:2] != "id" && line[:2] != "re" {
				text += line + "\n"
			}
		}
		return text
	}
	assert.Equal(t, "event: ticket\ndata: {\"id\":\"T1\",\"sale\":4,\"state\":\"held\",\"offer\":{\"version\":2,\"title\":\"Aida\",\"price\":\"19.99\"}}\n", next())
	assert.Equal(t, "event: ready\ndata: {\"listed\":0}\n", next())

	order := events.Order{ID: "O1", SaleVersion: 5, Status: events.StatusCancelled, UserID: "carl", ExpiresAt: clock.At(noon), Ticket: events.OrderTicket{ID: "T1"}}
	require.NoError(t, s.onOrder(t.Context(), order))
	assert.Equal(t, "event: ticket\ndata: {\"id\":\"T1\",\"sale\":5,\"state\":\"free\"}\n", next(), "and not whose order it was")
	order.UserID, order.Ticket.ID = "ann", "T2"
	require.NoError(t, s.onOrder(t.Context(), order))
	assert.Equal(t, "event: order\ndata: {\"id\":\"O1\"}\n", next(), "our own order, whatever the ticket")
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "T1", Version: 3, Title: "Tosca", Price: 2000}))
	assert.Equal(t, "event: ticket\ndata: {\"id\":\"T1\",\"offer\":{\"version\":3,\"title\":\"Tosca\",\"price\":\"20.00\"}}\n", next(), "of the sale an edit says nothing")
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "T3", Title: "Tosca"}))
	assert.Equal(t, "event: listed\ndata: {\"id\":\"T3\"}\n", next())

	s.hub.Close()
	assert.Equal(t, "", next(), "we stop, and the stream ends")
	got := get(t, http.HandlerFunc(s.live), "/live", "")
	assert.Equal(t, http.StatusServiceUnavailable, got.Code, "the next stream is another replica's")
}

// Between two streams of one page something may be listed, or we may have heard nothing at all.
func TestAPageThatConnectsAgainLearnsThatSomethingWasListed(t *testing.T) {
	s, _ := newSite(t, nil)
	now := noon.AddDate(100, 0, 0)
	s.now = func() time.Time { return now }
	server := httptest.NewServer(http.HandlerFunc(s.live))
	defer server.Close()
	listed := func() (lines *bufio.Scanner, at int64) {
		resp, err := http.Get(server.URL + "/live?listings")
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		lines = bufio.NewScanner(resp.Body)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		}
		_, err = fmt.Sscanf(lines.Text(), `data: {"listed":%d}`, &at)
		require.NoError(t, err)
		return lines, at
	}
	_, first := listed()
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "T1", Title: "Tosca", CreatedAt: clock.At(noon)}))
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "T0", Title: "Aida", CreatedAt: clock.At(noon.Add(-time.Hour))}))
	_, second := listed()
	assert.Greater(t, second, first)
	lines, third := listed()
	assert.Equal(t, second, third, "nothing since")
	s.catchUp()
	for lines.Scan() {
	}
	assert.NoError(t, lines.Err(), "it is to connect again")
	_, fourth := listed()
	assert.Greater(t, fourth, third, "who knows")
	s.hub.Close()
}

// What is long enough for any answer is not for a stream.
func TestAStreamOutlivesAnAnswer(t *testing.T) {
	s, _ := newSite(t, nil)
	s.now = func() time.Time { return noon.AddDate(100, 0, 0) }
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.live))
	server.Config.WriteTimeout = 50 * time.Millisecond
	server.Start()
	defer server.Close()
	resp, err := http.Get(server.URL + "/live?listings")
	require.NoError(t, err)
	defer resp.Body.Close()
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "T3", Title: "Tosca"}))
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != "event: listed" {
	}
	assert.Equal(t, "event: listed", lines.Text())
	s.hub.Close()
}

// A stream ends with the session that it was opened with, a minute after its owner has ended that at the most.
func TestAStreamEndsWithItsSession(t *testing.T) {
	for name, c := range map[string]struct {
		ended session.Ended
		lasts time.Duration
	}{"ended": {session.Ended{"ann": 1}, time.Minute}, "good": {session.Ended{"bob": 1}, streamLife}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, ann := newSite(t, nil)
				ended, began := session.Ended{}, time.Now()
				go s.sessions.Follow(t.Context(), func(context.Context) (session.Ended, error) { return ended, nil }, s.log)
				synctest.Wait()
				ended = c.ended
				get(t, http.HandlerFunc(s.live), "/live?listings", "", ann)
				assert.LessOrEqual(t, time.Since(began), c.lasts)
				assert.GreaterOrEqual(t, time.Since(began), c.lasts-30*time.Second)
			})
		})
	}
}
