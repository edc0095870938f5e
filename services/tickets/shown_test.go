package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/clock"
	"marketplace/shared/occasion"
)

var gala = occasion.Occasion{StartsAt: clock.At(now().Add(48 * time.Hour)), Zone: "Europe/Zurich", Venue: "Opernhaus", City: "Zürich", Section: "Parkett", Row: "4", Seat: "12", FaceValue: 1500}

const galaShown = `"startsAt":"2026-01-04T03:04:05.000Z","zone":"Europe/Zurich","venue":"Opernhaus","city":"Zürich","section":"Parkett","row":"4","seat":"12","faceValue":15`

// What the document knows besides goes to nobody: a new field of it is shown or told when somebody writes that here.
func TestWhatIsShownAndWhatIsToldOfATicket(t *testing.T) {
	sold := ticket.Ticket{ID: "T", UserID: "ann", Title: "Aida", Price: 1999, Version: 2, CreatedAt: now().Add(-time.Hour), Occasion: gala,
		SaleVersion: 3, OrderID: "T-1", HeldUntil: now().Add(time.Minute), Sold: true, Refunded: true}

	shown, err := json.Marshal((&server{now: now, currency: "usd"}).shownOf(sold))
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"T","version":2,"title":"Aida","price":19.99,"currency":"usd","userId":"ann","createdAt":"2026-01-02T02:04:05.000Z",`+galaShown+`,"eventId":"HNJQGYXNCSYXVF66TYCIKXWIK4",
		"orderId":"T-1","sold":true,"refunded":true,"saleVersion":3}`, string(shown))

	told := announce(ticket.Ticket{}, sold)
	require.Len(t, told, 1)
	assert.JSONEq(t, `{"id":"T","version":2,"title":"Aida","price":19.99,"userId":"ann","createdAt":"2026-01-02T02:04:05.000Z",`+galaShown+`}`,
		string(told[0].Data), "of the sale orders tells")
}
