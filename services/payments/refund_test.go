package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// bought is a world in which bob has paid, and the id of his charge.
func bought(t *testing.T) (*world, string) {
	w := newWorld(t)
	p, err := w.press("visa", "")
	require.NoError(t, err)
	w.settleDown()
	require.Equal(t, sale.Complete, w.order().Status)
	return w, p.StripeID
}

// hear brings Stripe's news of something that is for the charge.
func (w *world) hear(kind stripe.EventType, id, of string) error {
	raw := []byte(`{"id":"` + id + `","payment_intent":"` + of + `"}`)
	return w.onStripe(context.Background(), stripe.Event{Type: kind, Data: &stripe.EventData{Raw: raw}})
}

func TestARefundByHandEndsTheOrder(t *testing.T) {
	w, charge := bought(t)
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge))
	assert.Equal(t, payment.Succeeded, w.saved().Status, "Stripe knows of no refund")

	w.network.get(charge).refunded = &refund{ID: "re_hand", State: inPart}
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge))
	assert.Equal(t, payment.Succeeded, w.saved().Status, "a part of it is a matter between people")

	w.network.get(charge).refunded = &refund{ID: "re_hand", State: returned}
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge))
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge), "twice")
	w.settleDown()
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.True(t, w.announced(2))
	assert.Equal(t, sale.Refunded, w.order().Status)
	assert.Equal(t, sale.MoneyBack, w.order().Reason)
}

func TestARefundThatFailsLaterIsNotBooked(t *testing.T) {
	w, charge := bought(t)
	in := w.network.get(charge)
	in.refunded = &refund{ID: "re_hand", State: returned}
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge))
	require.Equal(t, payment.Refunded, w.saved().Status)
	in.refunded = &refund{ID: "re_hand", State: failed, Reason: "the account is closed"}
	require.NoError(t, w.hear(eventTypeRefundFailed, "re_hand", charge))
	p := w.saved()
	assert.Equal(t, payment.Refunding, p.Status)
	assert.Contains(t, p.Trouble, "closed")
	assert.Zero(t, p.RefundedAt)

	in.refunded = &refund{ID: "re_again", State: returned}
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", charge), "a person has sent it once more")
	p = w.saved()
	assert.Equal(t, payment.Refunded, p.Status)
	assert.Empty(t, p.Trouble)
}

// An attempt that was given up is charged after all: that money goes back, and what the buyer paid later stands.
func TestAStrayChargeGoesBack(t *testing.T) {
	w := newWorld(t)
	_, err := w.press("declined", "")
	require.NoError(t, err)
	given := w.saved()
	require.Equal(t, payment.Declined, given.Status)
	_, err = w.press("visa", "")
	require.NoError(t, err)
	w.settleDown()

	stray := w.network.intents[given.ChargeKey()]
	stray.State = charged
	require.Equal(t, 2, w.network.standing())
	told := object{ID: stray.ID, Metadata: map[string]string{orderField: theOrder, attemptField: given.ChargeKey()}}
	require.NoError(t, w.onIntent(context.Background(), told, true))
	require.NoError(t, w.onIntent(context.Background(), told, true), "twice")
	require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", stray.ID))
	w.settleDown()
	assert.Equal(t, 1, w.network.refunds)
	sound(t, w)
	assert.Equal(t, sale.Complete, w.order().Status)
}

// What handover says of a ticket that did not get to its buyer sends the charge back, once, however often it is heard and
// whatever else is said of it.
func TestATicketThatWasNotHandedOver(t *testing.T) {
	w, charge := bought(t)
	for _, status := range []events.HandoverStatus{events.HandoverIsDue, events.HandoverIsDelivered, events.HandoverIsOpened, events.HandoverIsReported, events.HandoverIsDismissed} {
		require.NoError(t, w.onHandover(t.Context(), events.Handover{ID: theOrder, Status: status}))
	}
	assert.Equal(t, payment.Succeeded, w.saved().Status)
	failed := events.Handover{ID: theOrder, Status: events.HandoverHasFailed}
	require.NoError(t, w.onHandover(t.Context(), failed))
	require.NoError(t, w.onHandover(t.Context(), failed), "twice")
	w.settleDown()
	require.NoError(t, w.onHandover(t.Context(), failed), "late")
	w.settleDown()
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.Equal(t, returned, w.network.get(charge).refunded.State)
	assert.Equal(t, 1, w.network.refunds)
	assert.Equal(t, sale.Refunded, w.order().Status)
	assert.Equal(t, fault.NotFound, fault.KindOf(w.onHandover(t.Context(), events.Handover{ID: "T-2", Status: events.HandoverHasFailed})), "nobody has paid for that: to the dead letters")
}

// A refund by hand and one by handover are one refund.
func TestReturnedByHandAndByHandover(t *testing.T) {
	w, charge := bought(t)
	w.network.get(charge).refunded = &refund{ID: "re_hand", State: returned}
	require.NoError(t, w.onHandover(t.Context(), events.Handover{ID: theOrder, Status: events.HandoverHasFailed}))
	w.settleDown()
	assert.Zero(t, w.network.refunds)
	assert.Equal(t, payment.Refunded, w.saved().Status)
	assert.Equal(t, sale.Refunded, w.order().Status)
}
