package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/shared/dapr"
)

// late is the network of which some answers come late, or never.
type late struct {
	cards
	meanwhile func() // happens while a charge is on its way
	unheard   bool   // charges are made, and nothing is heard of them
	down      bool   // charges do not reach the network
}

var errNoAnswer = errors.New("no answer")

func (l *late) Charge(ctx context.Context, p payment.Payment) (intent, error) {
	if l.down {
		return intent{}, errNoAnswer
	}
	if m := l.meanwhile; m != nil {
		l.meanwhile = nil
		m()
	}
	in, err := l.cards.Charge(ctx, p)
	if l.unheard {
		return intent{}, errNoAnswer
	}
	return in, err
}

func (l *late) Find(ctx context.Context, p payment.Payment) (intent, error) {
	if l.unheard {
		return intent{}, errNoAnswer
	}
	return l.cards.Find(ctx, p)
}

// A charge that takes longer than its attempt lasts: the attempt is given up, and the money that was taken all the same goes
// back, whether or not Stripe tells of it.
func TestAChargeThatTakesLongerThanItsAttempt(t *testing.T) {
	for _, then := range []string{"nobody looks", "a refused card", "another card"} {
		t.Run(then, func(t *testing.T) {
			w := newWorld(t)
			network := &late{cards: w.cards, down: true}
			w.cards = network
			_, err := w.press("visa", "")
			require.Error(t, err)
			network.down = false
			w.at = w.at.Add(madeBy)
			network.meanwhile = func() {
				w.at = w.at.Add(lostAfter)
				switch then {
				case "nobody looks":
					p, err := w.server.payments.Get(context.Background(), theOrder)
					require.NoError(t, err)
					_, err = w.settle(context.Background(), p)
					require.NoError(t, err)
				case "a refused card":
					_, _ = w.press("declined", "")
				default:
					_, _ = w.press("visa", "")
				}
			}
			w.ring()
			for name, in := range w.network.intents {
				if in.State == charged {
					told := object{ID: in.ID, Metadata: map[string]string{orderField: theOrder, attemptField: name}}
					require.NoError(t, w.onIntent(context.Background(), told, true))
				}
			}
			w.settleDown()
			assert.LessOrEqual(t, w.network.standing(), 1)
			assert.Equal(t, w.network.standing() == 1, w.order().Status == sale.Complete)
		})
	}
}

// The money is returned by hand before it is known here that it was taken.
func TestARefundByHandThatIsHeardOfFirst(t *testing.T) {
	w := newWorld(t)
	network := &late{cards: w.cards, unheard: true}
	w.cards = network
	_, err := w.press("visa", "")
	require.Error(t, err)
	require.Equal(t, 1, w.network.standing())
	for _, in := range w.network.intents {
		in.refunded = &refund{ID: "re_hand", State: returned}
		require.Error(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", in.ID), "Stripe tells it again")
		network.unheard = false
		require.NoError(t, w.hear(stripe.EventTypeChargeRefunded, "ch_1", in.ID))
	}
	w.settleDown()
	assert.Equal(t, sale.Refunded, w.order().Status)
	sound(t, w)
}

// Paid two minutes before the deadline, while orders hears of nothing until a minute after it: the deadline comes first.
func TestExpiryDoesNotOvertakeAPayment(t *testing.T) {
	w := newWorld(t)
	w.at = w.at.Add(13 * time.Minute)
	p, err := w.press("visa", "")
	require.NoError(t, err)
	require.Equal(t, payment.Succeeded, p.Status)
	w.at = w.at.Add(3 * time.Minute)
	assert.ErrorIs(t, w.sale.Expire(theOrder, w.order().ExpiresAt, w.at), sale.ErrUnsettled)
	w.expire()
	w.settleDown()
	assert.Equal(t, sale.Complete, w.order().Status)
	sound(t, w)
}

// An attempt of the service as it was before attempts' jobs had names.
func TestAJobOfTheVersionBefore(t *testing.T) {
	w := newWorld(t)
	w.cards = &late{cards: w.cards, unheard: true}
	_, err := w.press("visa", "")
	require.Error(t, err)
	for name := range w.sidecar.Jobs() {
		require.NoError(t, w.sidecar.Unschedule(context.Background(), name))
	}
	_, err = w.server.payments.Update(context.Background(), dapr.ByRepeat, theOrder, func(p *payment.Payment) error {
		p.Checkout, p.Until = "", time.Time{}
		return nil
	})
	require.NoError(t, err)
	w.start()
	require.NoError(t, w.sidecar.Schedule(context.Background(), settlePrefix+theOrder, w.at))
	w.settleDown()
	sound(t, w)
	assert.Equal(t, sale.Complete, w.order().Status)
}

// unreturned is the network that takes refunds on and does not make them.
type unreturned struct{ *networkOf }

func (u unreturned) Refund(_ context.Context, id, _ string, _ int) (refund, error) {
	in := u.n.get(id)
	in.refunded = &refund{ID: "re_" + id, State: failed, Reason: "the account is closed"}
	return *in.refunded, nil
}

// A charge that nothing stands for and that does not go back is a matter for a person.
func TestAStrayChargeThatStays(t *testing.T) {
	w := newWorld(t)
	_, _ = w.press("declined", "")
	given := w.saved()
	_, err := w.press("visa", "")
	require.NoError(t, err)
	w.settleDown()
	stray := w.network.intents[given.ChargeKey()]
	stray.State = charged
	w.start()
	var log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	w.cards = unreturned{w.cards.(*networkOf)}
	require.NoError(t, w.onIntent(context.Background(), object{ID: stray.ID, Metadata: map[string]string{orderField: theOrder, attemptField: given.ChargeKey()}}, true))
	assert.Contains(t, log.String(), "needs a person")
	log.Reset()
	require.NoError(t, w.hear(eventTypeRefundFailed, "re_x", stray.ID))
	assert.Contains(t, log.String(), "needs a person", "also when it fails later")
	assert.Equal(t, payment.Succeeded, w.saved().Status, "what the buyer paid for stands")
}
