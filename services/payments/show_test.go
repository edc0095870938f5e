package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/payments/payment"
)

// What the document knows besides goes to nobody: a new field of it is shown or told when somebody writes that here.
func TestWhatIsShownAndWhatIsToldOfAPayment(t *testing.T) {
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	p := payment.Payment{ID: "P", OrderID: "T-1", UserID: "bob", Amount: 1999, Currency: "usd", Status: payment.Refunded, Version: 2,
		Attempt: 3, Checkout: "c", Token: "tok", ReturnURL: "https://shop.example", BegunAt: at, Until: at, ActionURL: "https://bank.example",
		StripeID: "pi_1", Reason: "r", Earlier: []payment.Decline{{Reason: "no money", BegunAt: at.Add(-time.Minute)}}, RefundID: "re_1", RefundedAt: at, Trouble: "the account is empty"}

	shown, err := json.Marshal(receiptOf(p))
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"P","orderId":"T-1","status":"refunded","amount":1999,"currency":"usd","reason":"r",
		"begunAt":"2026-01-02T12:00:00.000Z","refundedAt":"2026-01-02T12:00:00.000Z",
		"earlier":[{"reason":"no money","begunAt":"2026-01-02T11:59:00.000Z"}]}`, string(shown))

	told := announce(payment.Payment{}, p)
	require.Len(t, told, 1)
	assert.JSONEq(t, `{"id":"P","version":2,"orderId":"T-1","stripeId":"pi_1","amount":1999,"currency":"usd","refunded":true}`, string(told[0].Data))
}
