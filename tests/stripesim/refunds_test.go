package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestARefundGivesTheMoneyBackOnce(t *testing.T) {
	a := openAccount(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)

	re, err := a.Refunds.New(refundOf(in.ID, ""))
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusSucceeded, re.Status)
	assert.EqualValues(t, 2000, re.Amount)
	assert.Equal(t, in.LatestCharge.ID, re.Charge.ID)

	_, err = a.Refunds.New(refundOf(in.ID, ""))
	e := stripeError(t, err)
	assert.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, e.Code)
	assert.Equal(t, "Charge "+in.LatestCharge.ID+" has already been refunded.", e.Msg)

	ch, err := a.Charges.Get(in.LatestCharge.ID, nil)
	require.NoError(t, err)
	assert.True(t, ch.Refunded)
	again, err := a.Refunds.Get(re.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, "7", again.Metadata["order_id"])

	books := a.ledger(t).Intents[0]
	assert.True(t, books.Charged, "it was, and was given back")
	assert.EqualValues(t, 2000, books.AmountRefunded)
	assert.Len(t, books.Refunds, 1)
}

func TestPartsOfAChargeAreRefundedUntilNothingIsLeft(t *testing.T) {
	a := openAccount(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	other, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
	require.NoError(t, err)
	_, err = a.Refunds.New(refundOf(other.ID, ""))
	require.NoError(t, err)

	part := refundOf(in.ID, "")
	part.Amount = stripe.Int64(1500)
	_, err = a.Refunds.New(part)
	require.NoError(t, err)
	_, err = a.Refunds.New(part)
	assert.Equal(t, "Refund amount ($15.00) is greater than unrefunded amount on charge ($5.00)", stripeError(t, err).Msg)
	rest, err := a.Refunds.New(&stripe.RefundParams{Charge: stripe.String(in.LatestCharge.ID)})
	require.NoError(t, err)
	assert.EqualValues(t, 500, rest.Amount)

	list := a.Refunds.List(&stripe.RefundListParams{PaymentIntent: stripe.String(in.ID)})
	var amounts []int64
	for list.Next() {
		amounts = append(amounts, list.Refund().Amount)
	}
	require.NoError(t, list.Err())
	assert.Equal(t, []int64{500, 1500}, amounts, "newest first, and only of this intent")
}

// A refund by hand in the dashboard tells of the charge as it is then, with the payment's metadata.
func TestAWebhookTellsHowMuchOfTheChargeIsRefunded(t *testing.T) {
	for _, c := range []struct {
		name   string
		amount *int64
		whole  bool
	}{{"a part", stripe.Int64(500), false}, {"all of it", nil, true}} {
		t.Run(c.name, func(t *testing.T) {
			rc := newReceiver(t, 0)
			a := rc.open(t)
			in, err := a.PaymentIntents.New(payment("pm_card_visa", ""))
			require.NoError(t, err)
			re, err := a.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String(in.ID), Amount: c.amount})
			require.NoError(t, err)
			quiet(t, a)
			ch := rc.events()[stripe.EventTypeChargeRefunded].Data.Object
			assert.Equal(t, c.whole, ch["refunded"])
			assert.EqualValues(t, re.Amount, ch["amount_refunded"])
			assert.Equal(t, in.ID, ch["payment_intent"])
			assert.Equal(t, map[string]any{"order_id": "7"}, ch["metadata"], "the payment's")
			assert.Empty(t, re.Metadata, "and not the refund's")
		})
	}
}

func TestWhatWasNotPaidIsNotRefunded(t *testing.T) {
	a := openAccount(t)
	_, err := a.PaymentIntents.New(payment("pm_card_chargeDeclined", ""))
	declined := stripeError(t, err)
	want := "This PaymentIntent (" + declined.PaymentIntent.ID + ") does not have a successful charge to refund."

	_, err = a.Refunds.New(refundOf(declined.PaymentIntent.ID, ""))
	assert.Equal(t, want, stripeError(t, err).Msg)
	_, err = a.Refunds.New(&stripe.RefundParams{Charge: stripe.String(declined.ChargeID)})
	assert.Equal(t, want, stripeError(t, err).Msg)
	assert.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
}
