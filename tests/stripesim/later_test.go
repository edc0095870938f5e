package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// openSlow opens an account where nothing happens by itself before the test says so.
func (rc *receiver) openSlow(t *testing.T) *account {
	return openAccountWith(t, config{WebhookURL: rc.URL, WebhookSecret: webhookSecret, SettleDelay: time.Hour})
}

// settled lets happen what was to happen later.
func settled(t *testing.T, a *account) {
	t.Helper()
	answer, err := http.Post(a.url+"/_simulator/later", "", nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Zero(t, a.ledger(t).Later)
	quiet(t, a)
}

func TestAPaymentThatIsProcessingSucceedsLater(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.openSlow(t)
	in, err := a.PaymentIntents.New(payment("pm_card_processing", "k"))
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusProcessing, in.Status)
	assert.Equal(t, stripe.ChargeStatusPending, in.LatestCharge.Status)
	assert.False(t, a.ledger(t).Intents[0].Charged)
	for name, refused := range map[string]error{
		"cancel":  func() error { _, err := a.PaymentIntents.Cancel(in.ID, nil); return err }(),
		"confirm": func() error { _, err := a.PaymentIntents.Confirm(in.ID, nil); return err }(),
	} {
		e := stripeError(t, refused)
		assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, e.Code, name)
		assert.Contains(t, e.Msg, "processing")
	}
	_, err = a.Refunds.New(refundOf(in.ID, ""))
	assert.Contains(t, stripeError(t, err).Msg, "does not have a successful charge")

	settled(t, a)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, a.show(t, in.ID).Status)
	books := a.ledger(t).Intents[0]
	assert.True(t, books.Charged)
	assert.Len(t, books.Charges, 1, "the same charge that was pending")
	again, err := a.PaymentIntents.New(payment("pm_card_processing", "k"))
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusProcessing, again.Status, "the key's answer stays as it was")
	got := rc.events()
	assert.Equal(t, in.ID, got[stripe.EventTypePaymentIntentProcessing].Data.Object["id"])
	assert.Equal(t, "succeeded", got[stripe.EventTypePaymentIntentSucceeded].Data.Object["status"])
}

func TestAPaymentThatIsProcessingIsDeclinedLater(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.openSlow(t)
	in, err := a.PaymentIntents.New(payment("pm_card_processingDeclined", ""))
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusProcessing, in.Status)
	settled(t, a)
	in = a.show(t, in.ID)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, in.Status)
	assert.Equal(t, stripe.ErrorCodeCardDeclined, in.LastPaymentError.Code)
	assert.Contains(t, rc.events(), stripe.EventTypePaymentIntentPaymentFailed)
	assert.False(t, a.ledger(t).Intents[0].Charged)
}

func TestWhatWasToHappenHappensByItselfAlsoAfterARestart(t *testing.T) {
	rc := newReceiver(t, 0)
	a := openAccountWith(t, config{WebhookURL: rc.URL, WebhookSecret: webhookSecret, SettleDelay: 100 * time.Millisecond})
	in, err := a.PaymentIntents.New(payment("pm_card_processing", ""))
	require.NoError(t, err)
	for range 2 {
		quiet(t, a)
		a = a.restart(t)
		require.Eventually(t, func() bool { return a.ledger(t).Later == 0 }, 5*time.Second, 5*time.Millisecond)
		assert.Equal(t, stripe.PaymentIntentStatusSucceeded, a.show(t, in.ID).Status)
	}
	quiet(t, a)
	assert.Len(t, a.ledger(t).Intents[0].Charges, 1)
	assert.Equal(t, 2, rc.tried(), "processing and succeeded, once each")
}

func TestARefundThatIsPendingSucceedsLater(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.openSlow(t)
	in, err := a.PaymentIntents.New(payment("pm_card_pendingRefund", ""))
	require.NoError(t, err)
	re, err := a.Refunds.New(refundOf(in.ID, "back"))
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusPending, re.Status)
	_, err = a.Refunds.New(refundOf(in.ID, "another"))
	assert.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, stripeError(t, err).Code, "what is on its way cannot be sent again")

	settled(t, a)
	now, err := a.Refunds.Get(re.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusSucceeded, now.Status)
	again, err := a.Refunds.New(refundOf(in.ID, "back"))
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusPending, again.Status, "the key's answer stays as it was")
	got := rc.events()
	assert.Contains(t, got, stripe.EventTypeChargeRefunded)
	assert.Equal(t, "succeeded", got[stripe.EventTypeChargeRefundUpdated].Data.Object["status"])
	assert.Equal(t, "pending", got[stripe.EventTypeChargeRefundUpdated].Data.PreviousAttributes["status"])
	assert.Equal(t, map[string]any{"order_id": "7"}, got[stripe.EventTypeChargeRefundUpdated].Data.Object["metadata"])
	assert.EqualValues(t, 2000, a.ledger(t).Intents[0].AmountRefunded)
}

func TestARefundThatSucceededFailsLater(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.openSlow(t)
	in, err := a.PaymentIntents.New(payment("pm_card_refundFail", ""))
	require.NoError(t, err)
	re, err := a.Refunds.New(refundOf(in.ID, ""))
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusSucceeded, re.Status)

	settled(t, a)
	now, err := a.Refunds.Get(re.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusFailed, now.Status)
	assert.Equal(t, stripe.RefundFailureReasonExpiredOrCanceledCard, now.FailureReason)
	got := rc.events()
	assert.Equal(t, "failed", got[stripe.EventTypeChargeRefundUpdated].Data.Object["status"])
	assert.Equal(t, "failed", got["refund.failed"].Data.Object["status"])
	ch, err := a.Charges.Get(in.LatestCharge.ID, nil)
	require.NoError(t, err)
	assert.False(t, ch.Refunded)
	books := a.ledger(t).Intents[0]
	assert.True(t, books.Charged)
	assert.Zero(t, books.AmountRefunded, "the buyer has nothing back")

	_, err = a.Refunds.New(refundOf(in.ID, ""))
	assert.NoError(t, err, "it can be tried again")
}

func TestARefundThatWantsSomethingOfTheBuyer(t *testing.T) {
	a := openAccount(t)
	in, err := a.PaymentIntents.New(payment("pm_card_refundRequiresAction", ""))
	require.NoError(t, err)
	re, err := a.Refunds.New(refundOf(in.ID, ""))
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusRequiresAction, re.Status)
}

func TestADisputedChargeCannotBeRefunded(t *testing.T) {
	rc := newReceiver(t, 0)
	a := rc.openSlow(t)
	in, err := a.PaymentIntents.New(payment("pm_card_createDispute", ""))
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, in.Status)
	settled(t, a)
	ch, err := a.Charges.Get(in.LatestCharge.ID, nil)
	require.NoError(t, err)
	assert.True(t, ch.Disputed)
	_, err = a.Refunds.New(refundOf(in.ID, ""))
	e := stripeError(t, err)
	assert.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorCodeChargeDisputed, e.Code)
	assert.Equal(t, "Charge "+ch.ID+" has been charged back; cannot issue a refund.", e.Msg)
	dispute := rc.events()[stripe.EventTypeChargeDisputeCreated].Data.Object
	assert.Equal(t, ch.ID, dispute["charge"])
	assert.Equal(t, in.ID, dispute["payment_intent"])
	assert.True(t, a.ledger(t).Intents[0].Charges[0].Disputed)
}
