package sale

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/occasion"
)

// starting is a sale of a ticket for what begins some time after noon.
func starting(after time.Duration) *Sale {
	s := &Sale{}
	s.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 1999, Occasion: occasion.Occasion{StartsAt: clock.At(noon.Add(after)), Zone: "UTC"}})
	return s
}

// No hold outlasts the start, nor does a payment under way.
func TestAHoldEndsAtTheStart(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{time.Hour: hold, hold: hold, 10 * time.Minute: 10 * time.Minute, time.Millisecond: time.Millisecond} {
		s := starting(after)
		require.NoError(t, s.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon), after)
		assert.Equal(t, noon.Add(want), s.Orders[0].ExpiresAt, after)
		assert.Equal(t, noon.Add(want), s.Orders[0].HeldUntil, after)
	}
	s := starting(10 * time.Minute)
	require.NoError(t, s.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon))
	late := noon.Add(10*time.Minute - time.Second)
	require.NoError(t, s.BeginCheckout("T-1", "c1", checkout, late))
	assert.Equal(t, noon.Add(10*time.Minute), s.Orders[0].ExpiresAt)
	assert.Equal(t, noon.Add(10*time.Minute), s.Orders[0].PayingUntil)
	assert.ErrorIs(t, s.Expire("T-1", time.Time{}, noon.Add(10*time.Minute)), ErrUnsettled, "the money may have been taken in time")
	require.NoError(t, s.Paid("T-1", "pay", "code"))
	assert.Equal(t, Complete, s.Orders[0].Status)
}

func TestNothingIsHeldOrPaidForAfterTheStart(t *testing.T) {
	s := starting(10 * time.Minute)
	require.NoError(t, s.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon))
	begun := noon.Add(10 * time.Minute)
	assert.Equal(t, fault.TicketStarted, fault.CodeOf(s.BeginCheckout("T-1", "c1", checkout, begun)))
	assert.Equal(t, fault.TicketStarted, fault.CodeOf(s.Place(Order{ID: "T-2", UserID: "bob"}, terms, begun)))
	assert.Equal(t, Created, s.Orders[0].Status, "a refusal changes nothing")

	early := starting(time.Hour)
	require.NoError(t, early.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon))
	early.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 1999, Version: 1, Occasion: s.Ticket.Occasion})
	require.NoError(t, early.BeginCheckout("T-1", "c1", checkout, begun.Add(-time.Minute/2)))
	assert.Equal(t, begun, early.Orders[0].PayingUntil, "its seller had put it forward when it was placed, which was heard of late")
	assert.Equal(t, fault.TicketStarted, fault.CodeOf(early.BeginCheckout("T-1", "c2", checkout, begun)))

	require.NoError(t, s.Expire("T-1", begun, begun))
	assert.Equal(t, fault.OrderCancelled, fault.CodeOf(s.BeginCheckout("T-1", "c1", checkout, begun)))

	s.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 1999, Version: 1, Occasion: occasion.Occasion{StartsAt: clock.At(begun.Add(time.Hour)), Zone: "UTC"}})
	require.NoError(t, s.Place(Order{ID: "T-2", UserID: "bob"}, terms, begun), "put off")
}

// Whether a ticket is withdrawn in time is decided by who was first in its sale.
func TestAWithdrawnTicket(t *testing.T) {
	free := &Sale{}
	free.Follow("seller", Ticket{ID: "T", Price: 1999, Version: 1, Withdrawn: true})
	assert.NoError(t, free.LetGo(noon))
	assert.Equal(t, fault.TicketWithdrawn, fault.CodeOf(free.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon)))
	free.Follow("seller", Ticket{ID: "T", Price: 1999})
	assert.True(t, free.Ticket.Withdrawn, "late news")
	free.Follow("seller", Ticket{ID: "T", Price: 1999, Version: 2})
	require.NoError(t, free.Place(Order{ID: "T-1", UserID: "ann"}, terms, noon), "offered again")

	for name, c := range map[string]struct {
		do   func(s *Sale)
		at   time.Time
		kept bool
	}{
		"held":      {func(*Sale) {}, noon, true},
		"overdue":   {func(*Sale) {}, noon.Add(hold), false},
		"unsettled": {func(s *Sale) { _ = s.BeginCheckout("T-1", "c1", checkout, noon) }, noon.Add(hold), true},
		"paid":      {func(s *Sale) { _ = s.Paid("T-1", "pay", "code") }, noon.Add(hold), true},
		"refunded":  {func(s *Sale) { _ = s.Refund("T-1", "pay") }, noon, true},
		"cancelled": {func(s *Sale) { _ = s.Cancel("T-1", noon) }, noon, false},
	} {
		s := held(t)
		c.do(s)
		s.Follow("seller", Ticket{ID: "T", Title: "Chess final", Price: 1999, Version: 1, Withdrawn: true})
		assert.Equal(t, c.kept, s.LetGo(c.at) != nil, name)
		if name == "overdue" {
			assert.Equal(t, fault.OrderCancelled, fault.CodeOf(s.BeginCheckout("T-1", "c1", checkout, noon)), "by a slower clock too")
		}
		if name == "held" {
			assert.NoError(t, s.BeginCheckout("T-1", "c1", checkout, noon), "who held it before keeps it")
			assert.NoError(t, s.Place(Order{ID: "T-2", UserID: "ann"}, terms, noon), "and finds his order")
		}
	}
}
