package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
)

// stories are what buyers, banks and time do to a payment. Each is told with the process dying at every call it makes.
var stories = map[string]struct {
	tell func(w *world)
	// what must hold in the end besides sound
	end func(t *testing.T, w *world)
}{
	"a good card": {
		func(w *world) { _, _ = w.press("visa", "") },
		func(t *testing.T, w *world) {
			if w.network.standing() > 0 {
				assert.Equal(t, sale.Complete, w.order().Status, "who paid in time keeps the ticket")
			}
		},
	},
	"the button pressed again after the answer was lost": {
		func(w *world) {
			if _, err := w.press("visa", ""); err != nil {
				w.start()
				_, _ = w.press("visa", "")
			}
		},
		func(t *testing.T, w *world) { assert.Equal(t, sale.Complete, w.order().Status) },
	},
	"a bad card, then a good one": {
		func(w *world) {
			_, _ = w.press("declined", "")
			_, _ = w.press("visa", "")
		}, nil,
	},
	"dead, and the order ends before anybody has looked": {
		func(w *world) {
			if _, err := w.press("visa", ""); err != nil {
				w.sale.Orders[0].ExpiresAt = w.at
				w.sale.EndUnpaid(theOrder, w.at)
			}
		},
		func(t *testing.T, w *world) {
			if w.order().Status == sale.Cancelled {
				assert.Equal(t, w.network.chargedBefore, len(w.network.byKey), "no charge for a dead order")
			}
		},
	},
	"dead until the hold is over": {
		func(w *world) {
			if _, err := w.press("visa", ""); err != nil {
				w.at = w.at.Add(time.Hour)
				w.sale.EndUnpaid(theOrder, w.at)
			}
		},
		func(t *testing.T, w *world) {
			if w.order().Status == sale.Cancelled {
				assert.LessOrEqual(t, len(w.network.byKey), 1)
				assert.Zero(t, w.network.standing())
			}
		},
	},
	"the order ends while the charge is made": {
		func(w *world) {
			_, _ = w.press("visa", "")
			w.sale.Orders[0].ExpiresAt = w.at
			w.sale.EndUnpaid(theOrder, w.at)
			w.deliver()
		}, nil,
	},
	"a network that takes its time": {
		func(w *world) {
			_, _ = w.press("processing", "")
		},
		func(t *testing.T, w *world) {
			if w.network.standing() > 0 {
				assert.Equal(t, sale.Complete, w.order().Status)
			}
		},
	},
	"the bank asks, the buyer says yes": {
		func(w *world) {
			_, _ = w.press("3ds", "https://shop.example/orders/T-1")
			for _, in := range w.network.intents {
				in.State = charged
			}
		},
		func(t *testing.T, w *world) {
			if w.network.standing() > 0 {
				assert.Equal(t, sale.Complete, w.order().Status)
			}
		},
	},
	"the bank asks, the buyer goes away": {
		func(w *world) { _, _ = w.press("3ds", "https://shop.example/orders/T-1") },
		func(t *testing.T, w *world) {
			assert.Zero(t, w.network.standing())
			assert.Contains(t, []payment.Status{"", payment.Declined}, w.saved().Status)
		},
	},
	"the bank asks, the buyer takes another card": {
		func(w *world) {
			_, _ = w.press("3ds", "https://shop.example/orders/T-1")
			_, _ = w.press("visa", "https://shop.example/orders/T-1")
		}, nil,
	},
	"paid, and the seller hands nothing over": {
		func(w *world) {
			_, _ = w.press("visa", "")
			w.settleDown()
			w.missed = w.order().Status == sale.Complete
			w.settleDown()
		},
		func(t *testing.T, w *world) {
			assert.Zero(t, w.network.standing(), "the buyer has his money back")
			if p := w.saved(); p.Status != "" && p.Status != payment.Declined {
				assert.Equal(t, sale.Refunded, w.order().Status)
				assert.LessOrEqual(t, w.network.refunds, 1, "once")
			}
		},
	},
	"the bank asks, the buyer cancels the order": {
		func(w *world) {
			_, _ = w.press("3ds", "https://shop.example/orders/T-1")
			w.at = w.at.Add(2 * time.Minute)
			_ = w.sale.Cancel(theOrder, w.at)
			w.deliver()
			assert.NotEqual(w.t, sale.Complete, w.order().Status)
		}, nil,
	},
}

// Killed at any call, with that call done or not, and whatever happens meanwhile: when everything has been asked for again
// the books agree.
func TestKilledAnywhere(t *testing.T) {
	for name, story := range stories {
		whole := newWorld(t)
		story.tell(whole)
		whole.settleDown()
		calls := whole.mortal.calls
		require.NotZero(t, calls)
		for n := range calls + 1 {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/after %d calls, the next done: %v", name, n, effective), func(t *testing.T) {
					w := newWorld(t)
					w.mortal.left, w.mortal.effective = n, effective
					story.tell(w)
					w.network.chargedBefore = len(w.network.byKey)
					w.settleDown()
					sound(t, w)
					if story.end != nil {
						story.end(t, w)
					}
				})
			}
		}
	}
}

// sound is what holds once nothing is left to do, whatever happened.
func sound(t *testing.T, w *world) {
	t.Helper()
	p := w.saved()
	assert.LessOrEqual(t, w.network.standing(), 1, "charged once at the most")
	assert.Equal(t, w.network.standing() == 1, w.order().Status == sale.Complete, "a charge stands for a completed order: %s, %+v", w.order().Status, p)
	assert.Equal(t, w.network.standing() == 1, p.Status == payment.Succeeded, "and payments knows: %s", p.Status)
	assert.NotContains(t, []payment.Status{payment.Pending, payment.Refunding}, p.Status, "nothing is left open")
	for v := int64(1); v <= p.Version; v++ {
		assert.True(t, w.announced(v), "version %d was announced", v)
	}
	names := map[string]bool{}
	for _, key := range w.network.byKey {
		assert.False(t, names[key], "%s was made twice", key)
		names[key] = true
	}
}

// The charge is saved and its event refused: whoever looks next announces it.
func TestASavedChargeIsAnnouncedByWhoeverLooks(t *testing.T) {
	for name, look := range map[string]func(w *world) error{
		"the job": func(w *world) error { w.at = w.at.Add(settleAfter); w.ring(); return nil },
		"Stripe": func(w *world) error {
			p := w.saved()
			return w.onIntent(context.Background(), object{ID: p.StripeID, Metadata: map[string]string{orderField: theOrder, attemptField: p.ChargeKey()}}, true)
		},
		"the buyer, again": func(w *world) error { _, err := w.press("visa", ""); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var w *world
			for n := 0; ; n++ { // the call at which the event would be published
				w = newWorld(t)
				w.mortal.left = n
				_, _ = w.press("visa", "")
				if w.saved().Status == payment.Succeeded {
					break
				}
			}
			require.False(t, w.announced(1))
			require.NoError(t, look(w))
			assert.True(t, w.announced(1))
		})
	}
}
