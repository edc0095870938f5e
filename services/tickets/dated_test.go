package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// A ticket says when and where it is good, to whoever asks and in its events; a client that knows of no dates edits it
// without losing them.
func TestATicketSaysWhenAndWhereItIsGood(t *testing.T) {
	s := newStall()
	listed := s.ask(t, "ann", "POST", "/api/tickets", `{"title":"Aida","price":10,"startsAt":"2026-01-04T04:04:05+01:00","zone":"Europe/Zurich","venue":" Opernhaus ","city":"Zürich","section":"Parkett","row":"4","seat":"12","faceValue":"15"}`)
	require.Equal(t, 201, listed.Code, "%s", listed.Body)
	assert.Contains(t, listed.Body.String(), galaShown)
	path := "/api/tickets/" + idIn(t, listed)

	edited := s.ask(t, "ann", "PUT", path, `{"title":"Aida!","price":11}`, "If-Match", listed.Header().Get("ETag"))
	require.Equal(t, 200, edited.Code, "%s", edited.Body)
	assert.Contains(t, edited.Body.String(), galaShown)
	require.Equal(t, 200, s.ask(t, "ann", "PUT", path, edited.Body.String()).Code, "what a GET gave may be sent back whole")
	moved := s.ask(t, "ann", "PUT", path, `{"title":"Aida!","price":11,"seat":null,"startsAt":"2026-01-05T20:00:00+01:00"}`)
	require.Equal(t, 200, moved.Code, "%s", moved.Body)
	assert.Contains(t, moved.Body.String(), `"startsAt":"2026-01-05T19:00:00.000Z","zone":"Europe/Zurich","venue":"Opernhaus","city":"Zürich","section":"Parkett","row":"4","faceValue":15`)

	var told events.Ticket
	published := s.store.Published(events.TicketsTopic)
	require.NoError(t, json.Unmarshal(published[0].Data, &told))
	assert.True(t, told.Is(gala), "%+v", told)
	told = events.Ticket{}
	require.NoError(t, json.Unmarshal(published[len(published)-1].Data, &told))
	assert.Empty(t, told.Seat)
	for _, path := range []string{path, "/api/tickets", "/api/tickets/mine"} {
		assert.Contains(t, s.ask(t, "ann", "GET", path, "").Body.String(), `"venue":"Opernhaus"`, path)
	}
	heard := s.replica()
	require.NoError(t, heard.hearTicket(t.Context(), told))
	assert.Equal(t, "Opernhaus", heard.catalogue.These([]string{told.ID})[0].Venue)
}

func TestAPastStartIsRefused(t *testing.T) {
	s := newStall()
	const past = `{"title":"Aida","price":10,"startsAt":"2026-01-02T03:04:05Z","zone":"UTC"}`
	status, code, field := refused(t, s.ask(t, "ann", "POST", "/api/tickets", past))
	assert.Equal(t, []any{400, "invalid", "startsAt"}, []any{status, string(code), field})
	path := "/api/tickets/" + s.sells(t, "ann", "Aida")
	status, _, field = refused(t, s.ask(t, "ann", "PUT", path, past))
	assert.Equal(t, []any{400, "startsAt"}, []any{status, field})

	require.Equal(t, 200, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":10,"startsAt":"2026-01-02T03:05:05Z","zone":"UTC"}`).Code)
	*s.clock = s.clock.Add(2 * time.Minute)
	status, _, field = refused(t, s.ask(t, "ann", "PUT", path, `{"title":"Aida, cheap","price":5}`))
	assert.Equal(t, []any{400, "startsAt"}, []any{status, field}, "it has started meanwhile")
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":10,"startsAt":"2026-01-09T03:05:05Z"}`).Code, "put off")
}

// With a bound a price keeps to the face value, also one that was named before.
func TestAPriceBeyondItsFaceValue(t *testing.T) {
	s := newStall()
	s.bound = 120
	for body, field := range map[string]string{`{"title":"Aida","price":10}`: "faceValue", `{"title":"Aida","price":12.01,"faceValue":10}`: "price"} {
		status, _, named := refused(t, s.ask(t, "ann", "POST", "/api/tickets", body))
		assert.Equal(t, []any{400, field}, []any{status, named}, body)
	}
	listed := s.ask(t, "ann", "POST", "/api/tickets", `{"title":"Aida","price":12,"faceValue":10}`)
	require.Equal(t, 201, listed.Code, "%s", listed.Body)
	path := "/api/tickets/" + idIn(t, listed)
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":11}`).Code)
	status, _, named := refused(t, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":13}`))
	assert.Equal(t, []any{400, "price"}, []any{status, named})
	assert.Equal(t, 200, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":13,"faceValue":11}`).Code)
}
