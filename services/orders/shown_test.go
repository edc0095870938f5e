package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/occasion"
)

var gala = occasion.Occasion{StartsAt: clock.At(noon.Add(24 * time.Hour)), Zone: "Europe/Zurich", Venue: "Opernhaus", FaceValue: 1500}

// What the document knows besides goes to nobody: a new field of it is shown or told when somebody writes that here.
func TestWhatIsShownAndWhatIsToldOfAnOrder(t *testing.T) {
	o := sale.Order{ID: "T-1", UserID: "bob", Status: sale.Complete, Version: 2, SaleVersion: 3, Ticket: sale.Ticket{ID: "T", Title: "Aida", Price: 1999, Version: 4, Occasion: gala},
		PlacedAt: noon, EndedAt: noon, HeldUntil: noon, ExpiresAt: noon.Add(time.Minute), PayingUntil: noon, Checkout: "c", Reason: "r", PaymentID: "p", Code: "SECRET"}
	const both = `"id":"T-1","version":2,"saleVersion":3,"status":"complete","userId":"bob","placedAt":"2026-01-02T12:00:00.000Z",
		"expiresAt":"2026-01-02T12:01:00.000Z","reason":"r","ticket":{"id":"T","title":"Aida","price":19.99,"version":4,"startsAt":"2026-01-03T12:00:00.000Z","zone":"Europe/Zurich","venue":"Opernhaus","faceValue":15}`

	s := &server{currency: "usd"}
	list, err := json.Marshal(s.shownTo(o))
	require.NoError(t, err)
	assert.JSONEq(t, `{`+both+`,"currency":"usd","endedAt":"2026-01-02T12:00:00.000Z"}`, string(list))
	alone, err := json.Marshal(s.withCode(o))
	require.NoError(t, err)
	assert.JSONEq(t, `{`+both+`,"currency":"usd","endedAt":"2026-01-02T12:00:00.000Z","code":"SECRET"}`, string(alone))

	told := announce(sale.Sale{}, sale.Sale{SellerID: "ann", Orders: []sale.Order{o}})
	require.Len(t, told, 1)
	assert.JSONEq(t, strings.Replace(`{`+both+`}`, `"version":4`, `"version":4,"sellerId":"ann"`, 1), string(told[0].Data))
}
