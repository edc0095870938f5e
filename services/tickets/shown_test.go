package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/ticket"
)

// What the document knows besides goes to nobody: a new field of it is shown or told when somebody writes that here.
func TestWhatIsShownAndWhatIsToldOfATicket(t *testing.T) {
	sold := ticket.Ticket{ID: "T", UserID: "ann", Title: "Aida", Price: 1999, Version: 2, CreatedAt: now().Add(-time.Hour),
		SaleVersion: 3, OrderID: "T-1", HeldUntil: now().Add(time.Minute), Sold: true, Refunded: true}

	shown, err := json.Marshal((&server{now: now}).shownOf(sold))
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"T","version":2,"title":"Aida","price":19.99,"userId":"ann","createdAt":"2026-01-02T02:04:05.000Z",
		"orderId":"T-1","sold":true,"refunded":true,"saleVersion":3}`, string(shown))

	told := announce(ticket.Ticket{}, sold)
	require.Len(t, told, 1)
	assert.JSONEq(t, `{"id":"T","version":2,"title":"Aida","price":19.99,"userId":"ann","createdAt":"2026-01-02T02:04:05.000Z"}`,
		string(told[0].Data), "of the sale orders tells")
}
