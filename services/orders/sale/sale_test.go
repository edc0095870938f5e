package sale

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

const (
	hold     = 15 * time.Minute
	checkout = time.Minute
)

var terms = Terms{Hold: hold, Again: 5 * time.Minute}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// held is a sale that ann has placed order T-1 on, at noon.
func held(t *testing.T) *Sale {
	t.Helper()
	s := &Sale{}
	s.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 1999})
	require.NoError(t, s.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon))
	return s
}

// Every move, from every state an order can be in.
func TestMoves(t *testing.T) {
	states := map[string]func(s *Sale){
		"created":   func(*Sale) {},
		"overdue":   func(s *Sale) { s.Orders[0].ExpiresAt = noon.Add(-time.Second) },
		"paying":    func(s *Sale) { _ = s.BeginCheckout("T-1", "c1", checkout, noon) },
		"declined":  func(s *Sale) { _ = s.BeginCheckout("T-1", "c1", checkout, noon); _ = s.EndCheckout("T-1", "c1") },
		"complete":  func(s *Sale) { _ = s.Paid("T-1", "pay", "code") },
		"refunded":  func(s *Sale) { _ = s.Paid("T-1", "pay", "code"); _ = s.Refund("T-1", "pay") },
		"cancelled": func(s *Sale) { _ = s.Cancel("T-1", noon) },
	}
	later := noon.Add(time.Second)
	moves := map[string]func(s *Sale) error{
		"cancel":            func(s *Sale) error { return s.Cancel("T-1", later) },
		"begin":             func(s *Sale) error { return s.BeginCheckout("T-1", "c1", checkout, later) },
		"end":               func(s *Sale) error { return s.EndCheckout("T-1", "c1") },
		"paid":              func(s *Sale) error { return s.Paid("T-1", "pay", "code") },
		"refund":            func(s *Sale) error { return s.Refund("T-1", "pay") },
		"end of an earlier": func(s *Sale) error { return s.EndCheckout("T-1", "c0") },
		"expire":            func(s *Sale) error { return s.Expire("T-1", noon, later) },
		"place other":       func(s *Sale) error { return s.Place(Order{ID: "T-2", UserID: "bob"}, terms, later) },
		"place seller":      func(s *Sale) error { return s.Place(Order{ID: "T-2", UserID: "seller"}, terms, later) },
	}
	reserved, own := "Ticket is already reserved", "You cannot buy your own ticket"
	over, paid := "Cannot pay for a cancelled order", "The order is already paid"
	for _, c := range []struct {
		from, move string
		want       Status
		refused    string
	}{
		{"created", "cancel", Cancelled, ""},
		{"created", "begin", Awaiting, ""},
		{"created", "end", Created, ""},
		{"created", "paid", Complete, ""},  // the charge is a fact, whatever we believed
		{"created", "expire", Created, ""}, // the deadline has moved since
		{"created", "place other", Created, reserved},
		{"created", "place seller", Created, own},

		{"overdue", "cancel", Cancelled, ""},
		{"overdue", "begin", Created, over}, // nothing may be charged after the deadline
		{"overdue", "paid", Complete, ""},   // but money that came is kept while nobody else holds the ticket
		{"overdue", "expire", Cancelled, ""},
		{"overdue", "place other", Cancelled, ""}, // its timer was lost: the next buyer ends it

		{"paying", "cancel", Awaiting, "Cannot cancel while a payment is under way"},
		{"paying", "begin", Awaiting, ""},
		{"paying", "end", Awaiting, ""},
		{"paying", "paid", Complete, ""},
		{"paying", "expire", Awaiting, ""},
		{"paying", "place other", Awaiting, reserved},

		{"paying", "end of an earlier", Awaiting, ""}, // heard late
		{"paying", "refund", Refunded, ""},            // its payment.created is still on its way, and will find the order ended

		{"declined", "cancel", Cancelled, ""},
		{"declined", "begin", Awaiting, ""}, // another card
		{"declined", "paid", Complete, ""},
		{"declined", "place other", Awaiting, reserved},

		{"complete", "cancel", Complete, "Cannot cancel a paid order"},
		{"complete", "begin", Complete, paid},
		{"complete", "end", Complete, ""},
		{"complete", "paid", Complete, ""},
		{"complete", "expire", Complete, ""}, // the payment won the race
		{"complete", "place other", Complete, reserved},

		{"complete", "refund", Refunded, ""}, // by hand, at Stripe

		{"refunded", "paid", Refunded, ""}, // late news
		{"refunded", "refund", Refunded, ""},
		{"refunded", "expire", Refunded, ""},
		{"refunded", "cancel", Refunded, "Cannot cancel a paid order"},
		{"refunded", "begin", Refunded, paid},
		{"refunded", "place other", Refunded, reserved}, // what was wrong with it is wrong with it for the next buyer too

		{"cancelled", "refund", Cancelled, ""}, // the money that came too late is back
		{"cancelled", "cancel", Cancelled, ""},
		{"cancelled", "begin", Cancelled, over},
		{"cancelled", "end", Cancelled, ""},
		{"cancelled", "paid", Cancelled, ""}, // the ticket may be another's by now: the money goes back
		{"cancelled", "expire", Cancelled, ""},
		{"cancelled", "place other", Cancelled, ""},
	} {
		t.Run(c.from+", "+c.move, func(t *testing.T) {
			s := held(t)
			states[c.from](s)
			err := moves[c.move](s)
			if c.refused != "" {
				require.EqualError(t, err, c.refused)
				assert.Equal(t, fault.Refused, fault.KindOf(err))
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, c.want, s.Order("T-1").Status)

			before := *s.Order("T-1")
			if c.move != "begin" && c.move != "place other" { // those are new facts each time
				_ = moves[c.move](s)
				assert.Equal(t, before, *s.Order("T-1"), "twice is the same as once")
			}
			live := 0
			for _, o := range s.Orders {
				if o.Status != Cancelled {
					live++
				}
			}
			assert.LessOrEqual(t, live, 1, "one ticket, one holder")
		})
	}
}

// Somebody says that a deadline has passed. Only our own clock ends an order.
func TestExpire(t *testing.T) {
	end := noon.Add(hold)
	for _, c := range []struct {
		name          string
		deadline, now time.Time
		want          Status
		early         bool
	}{
		{"in time", end, end, Cancelled, false},
		{"late", end, end.Add(time.Hour), Cancelled, false},
		{"our clock is behind", end, end.Add(-time.Millisecond), Created, true},
		{"our clock is far behind", end, noon, Created, true},
		{"for a deadline that was later than ours", end.Add(checkout), end.Add(-time.Second), Created, true},
		{"for an earlier deadline", end.Add(-time.Second), end.Add(-time.Second), Created, false},
		{"for an earlier deadline, after ours", end.Add(-time.Second), end, Cancelled, false},
		{"for none in particular", time.Time{}, end, Cancelled, false},
		{"for none in particular, early", time.Time{}, end.Add(-time.Second), Created, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := held(t)
			err := s.Expire("T-1", c.deadline, c.now)
			assert.Equal(t, c.early, fault.KindOf(err) == fault.Early, "%v", err)
			assert.Equal(t, c.early, err != nil)
			assert.Equal(t, c.want, s.Order("T-1").Status)
		})
	}
	assert.NoError(t, held(t).Expire("T-2", end, noon), "an order that was refused after all, or shelved")
}

// The answer to an order was lost: its buyer asks again, and has it.
func TestWhoHoldsATicketKeepsHisOrder(t *testing.T) {
	for name, since := range map[string]func(s *Sale){
		"nothing has happened": func(*Sale) {},
		"he is paying":         func(s *Sale) { _ = s.BeginCheckout("T-1", "c1", checkout, noon) },
	} {
		t.Run(name, func(t *testing.T) {
			s := held(t)
			since(s)
			before := *s.Order("T-1")
			require.NoError(t, s.Place(Order{ID: "T-2", UserID: "ann"}, terms, noon.Add(time.Minute)))
			assert.Nil(t, s.Order("T-2"))
			assert.Equal(t, before, *s.Current())
		})
	}
	s := held(t)
	require.NoError(t, s.Paid("T-1", "pay", "code"))
	assert.EqualError(t, s.Place(Order{ID: "T-2", UserID: "ann"}, terms, noon), "Ticket is already reserved", "he has bought it")
}

// Who lets a ticket go leaves it to others for a while.
func TestHoldingAgain(t *testing.T) {
	end := noon.Add(hold)
	back, ran := "You gave this ticket back, and for a while it is there for others.", "Your time to pay for this ticket ran out, and for a while it is there for others."
	givenBack := func(s *Sale) { _ = s.Cancel("T-1", noon) }
	expired := func(s *Sale) { _ = s.Expire("T-1", end, end.Add(time.Hour)) } // its timer was late
	for _, c := range []struct {
		name    string
		since   func(s *Sale)
		buyer   string
		at      time.Time
		refused string
	}{
		{"given back", givenBack, "ann", noon, back + " Please wait 5 minutes"},
		{"given back, a little later", givenBack, "ann", noon.Add(4 * time.Minute), back + " Please wait 60 seconds"},
		{"given back a while ago", givenBack, "ann", noon.Add(terms.Again), ""},
		{"given back by another", givenBack, "bob", noon, ""},
		{"ran out", func(*Sale) {}, "ann", end, ran + " Please wait 5 minutes"},
		{"ran out, another comes first", func(*Sale) {}, "bob", end, ""},
		{"ran out and ended", expired, "ann", end.Add(time.Minute), ran + " Please wait 4 minutes"},
		{"ran out a while ago", expired, "ann", end.Add(terms.Again), ""},
		{"paid too late", func(s *Sale) { expired(s); _ = s.Paid("T-1", "pay", "code") }, "ann", end, ""},
		{"given back twice", func(s *Sale) {
			givenBack(s)
			_ = s.Place(Order{ID: "T-3", UserID: "ann"}, terms, noon.Add(10*time.Minute))
			_ = s.Cancel("T-3", noon.Add(11*time.Minute))
		}, "ann", noon.Add(12 * time.Minute), back + " Please wait 4 minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := held(t)
			c.since(s)
			err := s.Place(Order{ID: "T-2", UserID: c.buyer}, terms, c.at)
			if c.refused == "" {
				require.NoError(t, err)
				assert.Equal(t, "T-2", s.Current().ID)
				return
			}
			require.EqualError(t, err, c.refused)
			assert.Equal(t, fault.TooMany, fault.KindOf(err))
			assert.NoError(t, s.Place(Order{ID: "T-2", UserID: c.buyer}, Terms{Hold: hold}, c.at), "where there is no such pause")
		})
	}
}

func TestVersionsCountEveryChange(t *testing.T) {
	s := held(t)
	assert.EqualValues(t, 1, s.Version)
	assert.EqualValues(t, 0, s.Order("T-1").Version)
	require.NoError(t, s.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon), "the same order again")
	assert.EqualValues(t, 1, s.Version)
	require.NoError(t, s.Place(Order{ID: "T-2", UserID: "bob"}, terms, noon.Add(hold)))
	assert.EqualValues(t, 3, s.Version, "one order ended, one began")
	assert.EqualValues(t, 2, s.Order("T-1").SaleVersion)
	assert.EqualValues(t, 3, s.Order("T-2").SaleVersion)
	assert.Equal(t, Expired, s.Order("T-1").Reason)
}

// The deadline moves out for a payment near the end, once.
func TestTryingAgainDoesNotExtendAHold(t *testing.T) {
	s := held(t)
	end := noon.Add(hold)
	require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, end.Add(-time.Second)))
	assert.Equal(t, end.Add(checkout-time.Second), s.Order("T-1").ExpiresAt)
	require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, end.Add(time.Second)), "the same payment goes on")
	assert.Equal(t, end.Add(checkout-time.Second), s.Order("T-1").ExpiresAt, "but not for longer")
	require.NoError(t, s.EndCheckout("T-1", "c1"))
	assert.Equal(t, end, s.Order("T-1").ExpiresAt)
	assert.EqualError(t, s.BeginCheckout("T-1", "c1", checkout, end.Add(2*time.Second)), "Cannot pay for a cancelled order")
}

// A decline of the first card that is heard after the second card was tried leaves the second its time.
func TestALateDeclineDoesNotEndTheNextPayment(t *testing.T) {
	s := held(t)
	end := noon.Add(hold)
	require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, end.Add(-2*time.Second)))
	require.NoError(t, s.BeginCheckout("T-1", "c2", checkout, end.Add(-time.Second)))
	require.NoError(t, s.EndCheckout("T-1", "c1"))
	assert.Equal(t, end.Add(checkout-time.Second), s.Order("T-1").ExpiresAt)
	require.NoError(t, s.EndCheckout("T-1", "c2"))
	assert.Equal(t, end, s.Order("T-1").ExpiresAt)
}

// Money that meets a cancelled order is noted, and the cancellation said again, so that payments hears of it.
func TestMoneyForACancelledOrder(t *testing.T) {
	s := held(t)
	require.NoError(t, s.Cancel("T-1", noon))
	require.NoError(t, s.Place(Order{ID: "T-2", UserID: "bob"}, terms, noon))
	before := *s.Order("T-1")
	require.NoError(t, s.Paid("T-1", "pay", "code"))
	assert.Equal(t, before.Version+1, s.Order("T-1").Version)
	assert.Equal(t, before.SaleVersion, s.Order("T-1").SaleVersion, "older than bob's hold: tickets must not take it for the latest news")
	assert.Equal(t, Cancelled, s.Order("T-1").Status)
	assert.Equal(t, Created, s.Order("T-2").Status, "the new holder is not touched")
}

func TestNewsOfTheTicket(t *testing.T) {
	s := held(t)
	s.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 2500, Version: 2})
	s.Follow("seller", Ticket{ID: "T", Title: "Chess", Price: 1, Version: 1}) // late
	assert.EqualValues(t, 2500, s.Ticket.Price)
	assert.EqualValues(t, 1999, s.Order("T-1").Ticket.Price, "the buyer pays what was on the tag")
}

// A ticket that is held and given back for ever must not make a document that grows for ever.
func TestOldOrdersLeave(t *testing.T) {
	s := &Sale{}
	s.Follow("seller", Ticket{ID: "T", Price: 1})
	for i := range ordersKept {
		assert.Empty(t, s.Oldest())
		id := "T-" + strconv.Itoa(i)
		require.NoError(t, s.Place(Order{ID: id, UserID: "ann"}, Terms{Hold: hold}, noon))
		require.NoError(t, s.Cancel(id, noon))
	}
	oldest := append([]Order(nil), s.Oldest()...)
	require.Len(t, oldest, ordersKept/2)
	s.Forget(oldest)
	s.Forget(oldest)
	assert.Len(t, s.Orders, ordersKept/2)
	s.Restore(oldest[0])
	assert.NotNil(t, s.Order(oldest[0].ID))
}

func TestOrderIDsLeadToTheirSale(t *testing.T) {
	id, err := TicketOf(NewOrderID("a-ticket", "random"))
	require.NoError(t, err)
	assert.Equal(t, "a-ticket", id)
	for _, bad := range []string{"", "-", "T", "T-", "-x"} {
		_, err := TicketOf(bad)
		assert.Equal(t, fault.NotFound, fault.KindOf(err), bad)
	}
}

// The same past the hold's own end, where a second card is agreed to and moves no deadline.
func TestALateDeclineDoesNotEndTheNextPaymentAfterTheHold(t *testing.T) {
	s := held(t)
	end := noon.Add(hold)
	require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, end.Add(-5*time.Second)))
	require.NoError(t, s.BeginCheckout("T-1", "c2", checkout, end.Add(10*time.Second)))
	require.NoError(t, s.EndCheckout("T-1", "c1"))
	assert.True(t, s.Order("T-1").Live(end.Add(11*time.Second)))
}

// Time that runs out while somebody pays ends nothing before payments was asked.
func TestTimeRunsOutWhilePaying(t *testing.T) {
	over := noon.Add(hold + time.Second)
	paying := func() *Sale {
		s := held(t)
		require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, noon))
		return s
	}
	s := paying()
	assert.ErrorIs(t, s.Expire("T-1", time.Time{}, over), ErrUnsettled)
	assert.ErrorIs(t, s.Place(Order{ID: "T-2", UserID: "bob"}, Terms{Hold: hold}, over), ErrUnsettled)
	assert.Equal(t, Awaiting, s.Order("T-1").Status)
	s.EndUnpaid("T-1", over)
	assert.Equal(t, Cancelled, s.Order("T-1").Status)

	s = paying()
	require.NoError(t, s.Paid("T-1", "pay", "code"))
	s.EndUnpaid("T-1", over)
	assert.Equal(t, Complete, s.Order("T-1").Status)

	s = paying()
	require.NoError(t, s.EndCheckout("T-1", "c1"))
	require.NoError(t, s.Expire("T-1", time.Time{}, over), "nobody pays any more")
	assert.Equal(t, Cancelled, s.Order("T-1").Status)
}
