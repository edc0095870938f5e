package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// hold lets the news of an order for a ticket arrive.
func (s *stall) hold(t testing.TB, ticketID string, saleVersion int64, status events.Status) {
	t.Helper()
	o := events.Order{ID: ticketID + "-1", SaleVersion: saleVersion, Status: status, UserID: "bob", ExpiresAt: clock.At(s.now().Add(15 * time.Minute)), Ticket: events.OrderTicket{ID: ticketID}}
	require.NoError(t, s.onOrder(t.Context(), o))
	require.NoError(t, s.hearOrder(t.Context(), o))
}

// Whatever changes what a ticket's reader reads changes its tag, and nothing else does.
func TestTheTagOfATicket(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	seen := map[string]string{}
	look := func(when string) {
		w := s.ask(t, "", "GET", "/api/tickets/"+id, "")
		tag := w.Header().Get("ETag")
		require.NotEmpty(t, tag)
		body, known := seen[tag]
		assert.False(t, known && body != w.Body.String(), "%s: %s has the tag of %s", when, w.Body, body)
		seen[tag] = w.Body.String()
		same := s.ask(t, "", "GET", "/api/tickets/"+id, "", "If-None-Match", tag)
		assert.Equal(t, 304, same.Code, when)
		assert.Empty(t, same.Body.String(), when)
		assert.Equal(t, tag, same.Header().Get("ETag"), when)
	}
	look("listed")
	look("looked at once more")
	s.ask(t, "ann", "PUT", "/api/tickets/"+id, `{"title":"Aida","price":11}`)
	look("edited")
	s.hold(t, id, 1, events.StatusCreated)
	look("held")
	*s.clock = s.clock.Add(time.Hour)
	look("the hold is over, by the clock alone")
	s.hold(t, id, 2, events.StatusComplete)
	look("sold")
	s.hold(t, id, 3, events.StatusRefunded)
	look("refunded")
	assert.Len(t, seen, 6)
}

func TestListsHaveTags(t *testing.T) {
	s := newStall()
	s.sells(t, "ann", "Aida")
	for _, path := range []string{"/api/tickets", "/api/tickets/mine"} {
		first := s.ask(t, "ann", "GET", path, "").Header().Get("ETag")
		require.NotEmpty(t, first, path)
		assert.Equal(t, 304, s.ask(t, "ann", "GET", path, "", "If-None-Match", first).Code, path)
	}
	tag := s.ask(t, "ann", "GET", "/api/tickets", "").Header().Get("ETag")
	s.sells(t, "ann", "Tosca")
	assert.Equal(t, 200, s.ask(t, "ann", "GET", "/api/tickets", "", "If-None-Match", tag).Code)
}

// Two edits of what both have read: the second is told, and changes nothing.
func TestALostUpdate(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	path := "/api/tickets/" + id
	tag := s.ask(t, "ann", "GET", path, "").Header().Get("ETag")
	first := s.ask(t, "ann", "PUT", path, `{"title":"Aida, row 1","price":10}`, "If-Match", tag)
	require.Equal(t, 200, first.Code, "%s", first.Body)
	status, code, _ := refused(t, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":9}`, "If-Match", tag))
	assert.Equal(t, 412, status)
	assert.EqualValues(t, "precondition_failed", code)
	now := s.ask(t, "ann", "GET", path, "")
	assert.Contains(t, now.Body.String(), "row 1")
	assert.Equal(t, first.Header().Get("ETag"), now.Header().Get("ETag"), "an edit tells the next one's tag")

	assert.Equal(t, 401, s.ask(t, "bob", "PUT", path, aida, "If-Match", tag).Code, "whose it is comes first")
	assert.Equal(t, 404, s.ask(t, "ann", "PUT", "/api/tickets/nosuch", aida, "If-Match", "*").Code)
	assert.Equal(t, 400, s.ask(t, "ann", "PUT", path, `{"title":"","price":9}`, "If-Match", tag).Code)
	assert.Equal(t, 412, s.ask(t, "ann", "PUT", path, aida, "If-Match", "W/"+now.Header().Get("ETag")).Code, "a weak tag is no proof")
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, aida, "If-Match", `"x", `+now.Header().Get("ETag")).Code)
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, aida, "If-Match", "*").Code)
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, aida).Code, "who does not ask is not asked")

	tag = s.ask(t, "ann", "GET", path, "").Header().Get("ETag")
	s.hold(t, id, 1, events.StatusCreated)
	assert.Equal(t, 412, s.ask(t, "ann", "PUT", path, aida, "If-Match", tag).Code, "held meanwhile")
}

// Of many edits at once of what all have read, on two replicas, one gets through.
func TestManyEditsOfOneTag(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	tag := s.ask(t, "ann", "GET", "/api/tickets/"+id, "").Header().Get("ETag")
	replicas := []*stall{s, s.replica()}
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 20 {
		all.Go(func() {
			w := replicas[i%2].ask(t, "ann", "PUT", "/api/tickets/"+id, fmt.Sprintf(`{"title":"Aida %d","price":10}`, i), "If-Match", tag)
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
		})
	}
	all.Wait()
	assert.Equal(t, map[int]int{200: 1, 412: 19}, statuses)
}

// A client may send back what it has read, with what it wants changed.
func TestAnEditTakesWhatAGetGave(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	path := "/api/tickets/" + id
	s.hold(t, id, 1, events.StatusCreated)
	s.hold(t, id, 2, events.StatusCancelled)
	read := func() (all map[string]any) {
		require.NoError(t, json.Unmarshal(s.ask(t, "ann", "GET", path, "").Body.Bytes(), &all))
		return all
	}
	put := func(v map[string]any) (int, fault.Code, string) {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		w := s.ask(t, "ann", "PUT", path, string(raw))
		if w.Code == 200 {
			return 200, "", ""
		}
		return refused(t, w)
	}
	v := read()
	require.Contains(t, v, "saleVersion")
	v["title"] = "Tosca"
	status, _, _ := put(v)
	require.Equal(t, 200, status)
	assert.Equal(t, "Tosca", read()["title"])

	for name, other := range map[string]any{"id": "T", "version": 0, "userId": "bob", "createdAt": "2020-01-01T00:00:00.000Z", "saleVersion": 1, "currency": "eur", "orderId": "T-1", "sold": true, "refunded": []any{}} {
		changed := maps.Clone(read())
		changed[name], changed["title"] = other, "Changed"
		status, code, field := put(changed)
		assert.Equal(t, 400, status, name)
		assert.EqualValues(t, "invalid", code, name)
		assert.Equal(t, name, field)
	}
	v = read()
	v["orderId"], v["sold"] = nil, false // what is not there
	status, _, _ = put(v)
	assert.Equal(t, 200, status)
	v = read()
	v["colour"] = "red"
	status, _, field := put(v)
	assert.Equal(t, 400, status)
	assert.Equal(t, "colour", field)
	assert.Equal(t, "Tosca", read()["title"])
	status, _, _ = refused(t, s.ask(t, "ann", "POST", "/api/tickets", `{"title":"x","price":1,"userId":"ann"}`))
	assert.Equal(t, 400, status, "a new ticket has nothing to compare with")
	for body, words := range map[string]string{`{"title":["x"],"price":1}`: "title must be a string", `[]`: "The body must be a JSON object"} {
		assert.True(t, strings.Contains(s.ask(t, "ann", "PUT", path, body).Body.String(), words), words)
	}
}

// Whatever a GET shows, an edit takes: a field that is added to the one is added to the other.
func TestAnEditKnowsEveryFieldOfATicket(t *testing.T) {
	takes := edition{}.fixed()
	takes["withdrawn"] = nil
	for _, field := range reflect.VisibleFields(reflect.TypeFor[offer]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		takes[name] = nil
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[shown]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if _, known := takes[name]; !field.Anonymous {
			assert.True(t, known, name)
		}
	}
}

// What anybody may read without a name may be kept for a second by whoever stands between; nothing else may.
func TestWhatSharedCachesMayKeep(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	list := s.ask(t, "", "GET", "/api/tickets?q=aida", "")
	assert.Equal(t, "public, max-age=1", list.Header().Get("Cache-Control"))
	assert.Equal(t, "Cookie, Authorization, Accept", list.Header().Get("Vary"))
	same := s.ask(t, "", "GET", "/api/tickets?q=aida", "", "If-None-Match", list.Header().Get("ETag"))
	assert.Equal(t, 304, same.Code)
	assert.Equal(t, "public, max-age=1", same.Header().Get("Cache-Control"))
	for name, w := range map[string]*httptest.ResponseRecorder{
		"somebody's":           s.ask(t, "ann", "GET", "/api/tickets", ""),
		"with a token":         s.ask(t, "", "GET", "/api/tickets", "", "Authorization", "Bearer x"),
		"what a page looks up": s.ask(t, "", "GET", "/api/tickets?ids="+id, ""),
		"one ticket":           s.ask(t, "", "GET", "/api/tickets/"+id, ""),
		"a refusal":            s.ask(t, "", "GET", "/api/tickets?limit=0", ""),
		"one's own":            s.ask(t, "ann", "GET", "/api/tickets/mine", ""),
	} {
		assert.Empty(t, w.Header().Get("Cache-Control"), name)
	}
	assert.Equal(t, "Cookie, Authorization, Accept", s.ask(t, "ann", "GET", "/api/tickets", "").Header().Get("Vary"), "else a cache gives this to nobody in particular")
}
