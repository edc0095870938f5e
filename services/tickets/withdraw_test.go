package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// judge is orders, which says whether a withdrawal came in time.
type judge struct {
	asked  int
	answer error
}

func (j *judge) Invoke(context.Context, string, string, string, any, any) error {
	j.asked++
	return j.answer
}

// told are the types of the events of a ticket, in the order of its versions.
func (s *stall) told(t testing.TB, id string) (kinds []string) {
	t.Helper()
	byVersion := map[int64]string{}
	for _, e := range s.store.Published(events.TicketsTopic) {
		var tk events.Ticket
		require.NoError(t, json.Unmarshal(e.Data, &tk))
		if tk.ID == id {
			byVersion[tk.Version] = e.Type
		}
	}
	for v := range int64(len(byVersion)) {
		kinds = append(kinds, byVersion[v])
	}
	return kinds
}

func (s *stall) isForSale(t testing.TB, id string) bool {
	t.Helper()
	return strings.Contains(s.ask(t, "", "GET", "/api/tickets", "").Body.String(), id)
}

func TestWithdrawAndOfferAgain(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	path := "/api/tickets/" + id
	tag := s.ask(t, "", "GET", path, "").Header().Get("ETag")
	assert.Equal(t, 401, s.ask(t, "", "DELETE", path, "").Code)
	assert.Equal(t, 401, s.ask(t, "bob", "DELETE", path, "").Code)
	assert.Equal(t, 404, s.ask(t, "ann", "DELETE", "/api/tickets/nosuch", "").Code)
	assert.Equal(t, 412, s.ask(t, "ann", "DELETE", path, "", "If-Match", `"x"`).Code)
	assert.True(t, s.isForSale(t, id))

	assert.Equal(t, 204, s.ask(t, "ann", "DELETE", path, "", "If-Match", tag).Code)
	assert.Equal(t, 204, s.ask(t, "ann", "DELETE", path, "", "If-Match", tag).Code, "asked again, the answer was lost")
	assert.False(t, s.isForSale(t, id))
	now := s.ask(t, "", "GET", path, "")
	assert.Contains(t, now.Body.String(), `"withdrawn":true`)
	assert.Contains(t, s.ask(t, "ann", "GET", "/api/tickets/mine", "").Body.String(), id)

	require.Equal(t, 200, s.ask(t, "ann", "PUT", path, now.Body.String()).Code, "what a GET gave, sent back whole")
	assert.False(t, s.isForSale(t, id), "stays withdrawn")
	require.Equal(t, 200, s.ask(t, "ann", "PUT", path, `{"title":"Aida","price":12}`, "If-Match", s.ask(t, "", "GET", path, "").Header().Get("ETag")).Code)
	assert.True(t, s.isForSale(t, id), "offered again")
	assert.Equal(t, []string{events.TicketCreated, events.TicketWithdrawn, events.TicketWithdrawn, events.TicketUpdated}, s.told(t, id))

	heard := s.replica()
	for _, e := range s.store.Published(events.TicketsTopic)[:2] {
		var tk events.Ticket
		require.NoError(t, json.Unmarshal(e.Data, &tk))
		require.NoError(t, heard.hearTicket(t.Context(), tk))
	}
	assert.False(t, heard.isForSale(t, id), "every replica hears of it")
}

// Held or sold, as far as we have heard: orders need not be asked.
func TestAHeldTicketIsNotWithdrawn(t *testing.T) {
	for _, status := range []events.Status{events.StatusCreated, events.StatusComplete, events.StatusRefunded} {
		s := newStall()
		id := s.sells(t, "ann", "Aida")
		s.hold(t, id, 1, status)
		code, named, _ := refused(t, s.ask(t, "ann", "DELETE", "/api/tickets/"+id, ""))
		assert.Equal(t, 400, code, status)
		assert.Equal(t, fault.TicketReserved, named, status)
		assert.Zero(t, s.services.(*judge).asked, status)
		assert.Equal(t, []string{events.TicketCreated}, s.told(t, id), status)
	}
}

// Somebody held it before, and we have not heard of it yet: he keeps it, and it is offered as before.
func TestAWithdrawalThatComesTooLate(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	orders := s.services.(*judge)
	orders.answer = fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	code, named, _ := refused(t, s.ask(t, "ann", "DELETE", "/api/tickets/"+id, ""))
	assert.Equal(t, 400, code)
	assert.Equal(t, fault.TicketReserved, named)
	s.hold(t, id, 1, events.StatusCreated) // its event arrives
	assert.NotContains(t, s.ask(t, "", "GET", "/api/tickets/"+id, "").Body.String(), "withdrawn")
	s.hold(t, id, 2, events.StatusCancelled)
	assert.True(t, s.isForSale(t, id), "given back, it is for sale as it was")
	assert.Equal(t, []string{events.TicketCreated, events.TicketWithdrawn, events.TicketUpdated}, s.told(t, id))

	orders.answer = fault.Down(nil, "Please try again in a moment")
	assert.Equal(t, 503, s.ask(t, "ann", "DELETE", "/api/tickets/"+id, "").Code, "orders is away")
	orders.answer = nil
	assert.Equal(t, 204, s.ask(t, "ann", "DELETE", "/api/tickets/"+id, "").Code, "it is safe to repeat")
	assert.False(t, s.isForSale(t, id))
}

// Killed at any call of a withdrawal, with that call done or not, in time and too late: each version was announced as it
// was, asking again ends as it would have, and what was sold all the same is no withdrawn ticket to anybody.
func TestAWithdrawalInterruptedAnywhere(t *testing.T) {
	for _, late := range []bool{false, true} {
		for calls := range 10 {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("late: %v, after %d calls, the next done: %v", late, calls, effective), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newStall()
						id := s.sells(t, "ann", "Aida")
						orders := &judge{}
						if late {
							orders.answer = fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
						}
						s.services = orders
						s.store.DieAfter(calls, effective)
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						s.askUntil(ctx, t, "ann", "DELETE", "/api/tickets/"+id, "")
						cancel()
						s.outbox.Wait()
						s.store.Revive()

						s = s.replica()
						s.services = orders
						*s.clock = s.clock.Add(time.Minute) // its nudges are old by now
						for _, e := range s.store.Published(s.outbox.Topic()) {
							require.NoError(t, s.outbox.Nudged(t.Context(), events.Envelope{ID: e.ID, Type: e.Type, Data: e.Data}))
						}
						tk, err := s.tickets.Get(t.Context(), id)
						require.NoError(t, err)
						assert.Len(t, s.told(t, id), int(tk.Version)+1, "each version was announced")
						again := s.ask(t, "ann", "DELETE", "/api/tickets/"+id, "")
						if !late {
							assert.Equal(t, 204, again.Code)
							return
						}
						assert.Equal(t, 400, again.Code)
						tk, err = s.tickets.Get(t.Context(), id)
						require.NoError(t, err)
						assert.False(t, tk.Withdrawn)
						s.hold(t, id, 1, events.StatusComplete)
						tk, err = s.tickets.Get(t.Context(), id)
						require.NoError(t, err)
						assert.Equal(t, "sold", stateOf(tk, s.now()))
					})
				})
			}
		}
	}
}

// The seller never heard the answer, and somebody who was first has bought it: it is sold, whatever he had asked for.
func TestASaleThatNobodyWithdrewInTime(t *testing.T) {
	s := newStall()
	id := s.sells(t, "ann", "Aida")
	_, err := s.tickets.Update(t.Context(), dapr.ByRepeat, id, func(t *ticket.Ticket) error { return t.Withdraw("ann", s.now()) })
	require.NoError(t, err)
	s.hold(t, id, 1, events.StatusComplete)
	assert.Contains(t, s.ask(t, "ann", "GET", "/api/sales", "").Body.String(), `"state":"sold"`)
	assert.Contains(t, s.ask(t, "ann", "GET", "/api/tickets/"+id, "").Body.String(), `"sold":true`)
	assert.Equal(t, 400, s.ask(t, "ann", "DELETE", "/api/tickets/"+id, "").Code)
}
