package payment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func begun(t *testing.T) *Payment {
	t.Helper()
	p := &Payment{}
	require.NoError(t, p.Begin("P", Order{ID: "O", UserID: "ann", Amount: 1999}, "usd", Try{Checkout: "c", Token: "tok_visa"}, noon))
	return p
}

// Every move, from every state a payment can be in.
func TestMoves(t *testing.T) {
	states := map[string]func(*Payment){
		"pending":   func(*Payment) {},
		"declined":  func(p *Payment) { p.Decline(1, "no") },
		"succeeded": func(p *Payment) { p.Charged(1, "pi") },
		"refunding": func(p *Payment) { p.Charged(1, "pi"); p.Return() },
		"refunded":  func(p *Payment) { p.Charged(1, "pi"); p.Return(); p.Returned("re", noon) },
		"stuck":     func(p *Payment) { p.Charged(1, "pi"); p.Return(); p.Stuck("", "disputed") },
		"awaiting":  func(p *Payment) { p.Await(1, "pi", "https://bank") },
	}
	moves := map[string]func(*Payment) error{
		"begin": func(p *Payment) error {
			return p.Begin("P2", Order{ID: "O"}, "usd", Try{Checkout: "c", Token: "tok_amex"}, noon)
		},
		"charged":  func(p *Payment) error { p.Charged(1, "pi"); return nil },
		"declined": func(p *Payment) error { p.Decline(1, "no"); return nil },
		"return":   func(p *Payment) error { p.Return(); return nil },
		"returned": func(p *Payment) error { p.Returned("re", noon); return nil },
		"stuck":    func(p *Payment) error { p.Stuck("re", "failed later"); return nil },
		"await":    func(p *Payment) error { p.Await(1, "pi", "https://bank"); return nil },
	}
	for _, c := range []struct {
		from, move string
		want       Status
		refused    bool
	}{
		{"pending", "begin", Pending, false}, // the attempt under way must end first
		{"pending", "charged", Succeeded, false},
		{"pending", "declined", Declined, false},
		{"pending", "return", Pending, false}, // nothing to return yet
		{"pending", "returned", Pending, false},
		{"declined", "begin", Pending, false},
		{"declined", "charged", Declined, false}, // a definite no stays a no
		{"declined", "return", Declined, false},
		{"succeeded", "begin", Succeeded, false}, // never a second charge
		{"succeeded", "charged", Succeeded, false},
		{"succeeded", "declined", Succeeded, false},
		{"succeeded", "return", Refunding, false},
		{"succeeded", "returned", Refunded, false}, // by hand, at Stripe
		{"refunding", "begin", Refunding, true},
		{"refunding", "return", Refunding, false},
		{"refunding", "returned", Refunded, false},
		{"refunded", "begin", Refunded, true},
		{"refunded", "charged", Refunded, false},
		{"refunded", "return", Refunded, false},
		{"refunded", "returned", Refunded, false},
		{"refunded", "stuck", Refunding, false}, // it failed after all: not booked as returned
		{"refunding", "stuck", Refunding, false},
		{"succeeded", "stuck", Succeeded, false},
		{"stuck", "returned", Refunded, false}, // a person has seen to it
		{"stuck", "return", Refunding, false},
		{"awaiting", "begin", Pending, false},
		{"awaiting", "charged", Succeeded, false},
		{"awaiting", "declined", Declined, false},
		{"declined", "await", Declined, false},
		{"succeeded", "await", Succeeded, false},
	} {
		t.Run(c.from+", "+c.move, func(t *testing.T) {
			p := begun(t)
			states[c.from](p)
			err := moves[c.move](p)
			assert.Equal(t, c.refused, fault.KindOf(err) == fault.Refused)
			assert.Equal(t, c.want, p.Status)
			before := *p
			_ = moves[c.move](p)
			assert.Equal(t, before, *p, "twice is the same as once")
		})
	}
}

func TestEachAttemptHasItsOwnName(t *testing.T) {
	p := begun(t)
	first := p.ChargeKey()
	require.NoError(t, p.Begin("P", Order{ID: "O"}, "usd", Try{Checkout: "c", Token: "tok_visa"}, noon))
	assert.Equal(t, first, p.ChargeKey(), "asking again is the same attempt")
	p.Decline(1, "no")
	require.NoError(t, p.Begin("P", Order{ID: "O"}, "usd", Try{Checkout: "c", Token: "tok_visa"}, noon))
	assert.NotEqual(t, first, p.ChargeKey())
	p.Charged(1, "pi") // late news of the first attempt
	assert.Equal(t, Pending, p.Status)
	assert.EqualValues(t, 1999, p.Amount, "the amount is what orders said at first")
}

// A buyer reads of every card that was refused, also after another has paid; of the last ones when there are many.
func TestEarlierDeclinesAreKept(t *testing.T) {
	p := begun(t)
	for i := range mostEarlier + 2 {
		p.Decline(p.Attempt, "no")
		require.NoError(t, p.Begin("P", Order{ID: "O"}, "usd", Try{Token: "tok"}, noon.Add(time.Duration(i+1)*time.Minute)))
		require.NoError(t, p.Begin("P", Order{ID: "O"}, "usd", Try{Token: "tok"}, noon), "under way already: nothing is noted twice")
	}
	p.Charged(p.Attempt, "pi")
	require.Len(t, p.Earlier, mostEarlier)
	assert.Equal(t, Decline{"no", noon.Add(2 * time.Minute)}, p.Earlier[0])
	assert.Equal(t, Succeeded, p.Status)
}
