package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// registry is auth, which says whether an address was verified by now.
type registry struct {
	asked    []string
	verified bool
	away     error
}

func (g *registry) Invoke(_ context.Context, app, _, path string, _, out any) error {
	g.asked = append(g.asked, app+" "+path)
	if g.away != nil {
		return g.away
	}
	raw, _ := json.Marshal(map[string]bool{"verified": g.verified})
	return json.Unmarshal(raw, out)
}

// Where sellers have to be verified, auth has the last word on who is; nobody is asked for who is known to be.
func TestSellersAreVerified(t *testing.T) {
	s, auth := newStall(), &registry{}
	s.verified, s.services = true, auth
	offer := `{"title":"Aida","price":10}`
	refused := s.ask(t, "ann", "POST", "/api/tickets", offer, "Idempotency-Key", "k1")
	assert.Equal(t, 403, refused.Code)
	assert.Contains(t, refused.Body.String(), `"address_unverified"`)
	assert.Equal(t, []string{"auth /internal/verified/ann"}, auth.asked)
	assert.Equal(t, 400, s.ask(t, "ann", "POST", "/api/tickets", `{"title":"","price":10}`).Code, "what is wrong with the offer comes first")

	auth.away = fault.Down(context.DeadlineExceeded, "Please try again in a moment")
	assert.Equal(t, 503, s.ask(t, "ann", "POST", "/api/tickets", offer).Code, "nobody is refused for what is not known")
	auth.away = fault.NoSuchThing()
	assert.Equal(t, 403, s.ask(t, "ann", "POST", "/api/tickets", offer).Code, "an account that is gone")
	assert.Empty(t, s.store.Published(events.TicketsTopic))

	auth.away, auth.verified = nil, true
	assert.Equal(t, 201, s.ask(t, "ann", "POST", "/api/tickets", offer, "Idempotency-Key", "k1").Code, "since, on another device; the key is free")
	s.verified, auth.asked = false, nil
	assert.Equal(t, 201, s.ask(t, "bob", "POST", "/api/tickets", offer).Code)
	assert.Empty(t, auth.asked, "where nobody has to be")
}

// Whoever deletes his account sells nothing any more. Who holds a ticket of his may buy it; nobody does after him. Twice is
// once, and other news is none.
func TestADeletedAccountSellsNothing(t *testing.T) {
	s := newStall()
	free, held, others := s.sells(t, "ann", "Aida"), s.sells(t, "ann", "Carmen"), s.sells(t, "bob", "Tosca")
	require.NoError(t, s.onOrder(t.Context(), events.Order{
		ID: held + "-1", SaleVersion: 1, Status: events.StatusCreated, UserID: "carl", ExpiresAt: clock.At(s.clock.Add(15 * time.Minute)),
		Ticket: events.OrderTicket{ID: held, Title: "Carmen", Price: 1000},
	}))
	for _, what := range []string{"created", "signed-in", "password-changed"} {
		require.NoError(t, s.onAccount(t.Context(), events.Account{ID: "ann", News: what}))
	}
	assert.True(t, s.isForSale(t, free))
	for range 2 {
		require.NoError(t, s.onAccount(t.Context(), events.Account{ID: "ann", Version: 3, News: "deleted"}))
		require.NoError(t, s.onAccount(t.Context(), events.Account{ID: "nobody", Version: 3, News: "deleted"}))
	}
	s.outbox.Wait()
	assert.False(t, s.isForSale(t, free))
	assert.True(t, s.isForSale(t, others))
	assert.Equal(t, []string{"ticket.created", "ticket.withdrawn"}, s.told(t, free))
	assert.Equal(t, []string{"ticket.created", "ticket.withdrawn"}, s.told(t, held))
	*s.clock = s.clock.Add(time.Hour)
	assert.False(t, s.isForSale(t, held), "nobody would hand it over")

	late := s.sells(t, "dora", "Salome")
	s.services = &judge{answer: fault.New(fault.Refused, "Cannot withdraw a reserved ticket").Named(fault.TicketReserved)}
	require.NoError(t, s.onAccount(t.Context(), events.Account{ID: "dora", Version: 1, News: "deleted"}))
	tk, err := s.tickets.Get(t.Context(), late)
	require.NoError(t, err)
	assert.True(t, tk.Withdrawn, "orders had it held before, and whoever holds it keeps it")

	s.services = &judge{answer: fault.Down(context.DeadlineExceeded, "Please try again in a moment")}
	err = s.onAccount(t.Context(), events.Account{ID: "bob", Version: 1, News: "deleted"})
	assert.Equal(t, fault.Retry, fault.OutcomeOf(err), "orders is away: the event comes again")
	s.services = &judge{}
	require.NoError(t, s.onAccount(t.Context(), events.Account{ID: "bob", Version: 1, News: "deleted"}))
	assert.False(t, s.isForSale(t, others))
}
