package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"marketplace/services/payments/payment"
)

// Each class of Stripe's answers, as Stripe sends it, and what becomes of a charge and of a refund that get it.
func TestWhatStripesAnswersMean(t *testing.T) {
	invalid := stripe.ErrorTypeInvalidRequest
	covered := map[string]bool{}
	for _, c := range []struct {
		answer         stripe.Error
		charge, refund verdict
	}{
		{stripe.Error{HTTPStatusCode: 401, Type: invalid}, person, later},
		{stripe.Error{HTTPStatusCode: 403, Type: invalid}, person, later},
		{stripe.Error{HTTPStatusCode: 429, Code: stripe.ErrorCodeRateLimit, Type: invalid}, later, later},
		{stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeLockTimeout, Type: invalid}, later, later},
		{stripe.Error{HTTPStatusCode: 409, Code: stripe.ErrorCodeIdempotencyKeyInUse, Type: stripe.ErrorTypeIdempotency}, unknown, later},
		{stripe.Error{HTTPStatusCode: 400, Type: stripe.ErrorTypeIdempotency}, unknown, later},
		{stripe.Error{HTTPStatusCode: 409, Type: invalid}, unknown, later},
		{stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeChargeAlreadyRefunded, Type: invalid}, unknown, done},
		{stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeChargeDisputed, Type: invalid}, unknown, person},
		{stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeRefundDisputedPayment, Type: invalid}, unknown, person},
		{stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeBalanceInsufficient, Type: invalid}, unknown, later},
		{stripe.Error{HTTPStatusCode: 402, Code: stripe.ErrorCodeCardDeclined, Type: stripe.ErrorTypeCard}, refused, person},
		{stripe.Error{HTTPStatusCode: 402, Code: stripe.ErrorCodeAuthenticationRequired, Type: stripe.ErrorTypeCard}, refused, person},
		{stripe.Error{HTTPStatusCode: 404, Code: stripe.ErrorCodeResourceMissing, Type: invalid}, refused, person},
		{stripe.Error{HTTPStatusCode: 400, Type: invalid}, refused, person},
		{stripe.Error{HTTPStatusCode: 500, Type: stripe.ErrorTypeAPI}, unknown, later},
		{stripe.Error{HTTPStatusCode: 503}, unknown, later},
		{stripe.Error{HTTPStatusCode: 418}, unknown, later},
	} {
		c.answer.Msg = "in Stripe's words"
		got, words := chargeVerdict(&c.answer)
		assert.Equal(t, c.charge, got, "a charge: %+v", c.answer)
		assert.Equal(t, c.answer.Msg, words)
		assert.Equal(t, c.refund, refundVerdict(&c.answer), "a refund: %+v", c.answer)
		for _, a := range answers {
			if a.is(&c.answer) {
				covered[a.name] = true
				break
			}
		}
	}
	for _, a := range answers {
		assert.True(t, covered[a.name], "%s is not tried", a.name)
	}
	got, _ := chargeVerdict(errors.New("no answer"))
	assert.Equal(t, unknown, got)
	assert.Equal(t, later, refundVerdict(context.DeadlineExceeded))
}

// failing is the network, of which one call gets another answer.
type failing struct {
	cards
	charge, refund error
	tries          *int
}

func (f failing) Charge(ctx context.Context, p payment.Payment) (intent, error) {
	*f.tries++
	if f.charge != nil {
		return intent{}, f.charge
	}
	return f.cards.Charge(ctx, p)
}

func (f failing) Refund(ctx context.Context, id, orderID string, try int) (refund, error) {
	*f.tries++
	if f.refund != nil {
		return refund{}, f.refund
	}
	return f.cards.Refund(ctx, id, orderID, try)
}

// An answer that stays the same for a day must not be asked for every two seconds, and ends.
func TestChargesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		ends   payment.Status
		asked  int // at the most
	}{
		"a decline":                {&stripe.Error{HTTPStatusCode: 402, Type: stripe.ErrorTypeCard, Msg: "no"}, payment.Declined, 1},
		"our key is wrong":         {&stripe.Error{HTTPStatusCode: 401}, payment.Declined, 1},
		"Stripe fails for an hour": {&stripe.Error{HTTPStatusCode: 500}, payment.Declined, 6},
		"too busy":                 {&stripe.Error{HTTPStatusCode: 429}, payment.Declined, 6},
		"the name is taken":        {&stripe.Error{HTTPStatusCode: 400, Type: stripe.ErrorTypeIdempotency}, payment.Declined, 6},
		"no answer":                {errors.New("connection reset"), payment.Declined, 6},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var tries int
			w.server.cards = failing{cards: w.server.cards, charge: c.answer, tries: &tries}
			_, _ = w.press("visa", "")
			w.settleDown()
			assert.Equal(t, c.ends, w.saved().Status)
			assert.LessOrEqual(t, tries, c.asked)
			sound(t, w)
		})
	}
}

func TestRefundsThatFail(t *testing.T) {
	cancelled := func(t *testing.T, answer error) (*world, *int) {
		w := newWorld(t)
		p, err := w.press("visa", "")
		require.NoError(t, err)
		require.Equal(t, payment.Succeeded, p.Status)
		w.sale.Orders[0].ExpiresAt = w.at
		w.sale.EndUnpaid(theOrder, w.at)
		tries := new(int)
		w.server.cards = failing{cards: w.server.cards, refund: answer, tries: tries}
		return w, tries
	}
	t.Run("for an hour, and then not", func(t *testing.T) {
		w, tries := cancelled(t, &stripe.Error{HTTPStatusCode: http.StatusInternalServerError})
		for range 180 {
			w.ring()
			w.deliver()
			w.at = w.at.Add(20 * time.Second)
		}
		assert.Less(t, *tries, 20, "with growing pauses")
		assert.Equal(t, payment.Refunding, w.saved().Status)
		w.settleDown() // saved has begun a new process, with the network as it is
		sound(t, w)
	})
	t.Run("disputed", func(t *testing.T) {
		w, tries := cancelled(t, &stripe.Error{HTTPStatusCode: 400, Code: stripe.ErrorCodeChargeDisputed})
		w.settleDown()
		assert.Equal(t, 1, *tries, "a person must see to it")
		p := w.saved()
		assert.Equal(t, payment.Refunding, p.Status)
		assert.NotEmpty(t, p.Trouble)
	})
}
