package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// dated puts a ticket on sale that is good at the gala.
func (m *market) dated(t testing.TB, id string) {
	t.Helper()
	require.NoError(t, m.onTicket(t.Context(), events.Ticket{ID: id, Title: id, Price: 1000, UserID: "seller", Occasion: gala}))
}

// An order says when and where its ticket is good, as it was when it was placed, and whose it was.
func TestAnOrderKeepsTheOccasion(t *testing.T) {
	m := newMarket()
	m.dated(t, "T")
	o := m.places(t, "ann", "T")
	assert.True(t, o.Ticket.Is(gala), "%+v", o.Ticket)

	var told events.Order
	require.NoError(t, json.Unmarshal(m.sidecar.Published(events.OrdersTopic)[0].Data, &told))
	assert.True(t, told.Ticket.Is(gala), "%+v", told.Ticket)
	assert.Equal(t, "seller", told.Ticket.SellerID)
}
