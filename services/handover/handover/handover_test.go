package handover

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/occasion"
)

var (
	noon  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	terms = Terms{Before: 2 * time.Hour, Within: 48 * time.Hour}
	file  = Content{ID: "c1", Type: content.PDF, Size: 100}
)

func offered() *Handover {
	h := &Handover{}
	h.Follow("ann", Ticket{ID: "T", Title: "Chess", Price: 1999})
	return h
}

func soldFor(starts time.Time) *Handover {
	h := offered()
	t := h.Ticket
	t.Occasion = occasion.Occasion{StartsAt: clock.At(starts)}
	if starts.IsZero() {
		t.Occasion = occasion.Occasion{}
	}
	h.Sell(Order{ID: "T-1", BuyerID: "bob", Ticket: t}, "ann", terms, noon)
	return h
}

func sold() *Handover { return soldFor(time.Time{}) }

func delivered(t *testing.T) *Handover {
	h := sold()
	require.NoError(t, h.Attach("ann", file, noon.Add(time.Hour)))
	return h
}

func TestUntilWhenItIsToBeHandedOver(t *testing.T) {
	for _, c := range []struct {
		name           string
		starts         time.Duration // after the sale, 0: not known
		within, before time.Duration
		want           time.Duration
	}{
		{"no date: two days", 0, 48 * time.Hour, 2 * time.Hour, 48 * time.Hour},
		{"in a month: two days", 30 * 24 * time.Hour, 48 * time.Hour, 2 * time.Hour, 48 * time.Hour},
		{"tomorrow: two hours before", 24 * time.Hour, 48 * time.Hour, 2 * time.Hour, 22 * time.Hour},
		{"in two hours and a half: half an hour", 150 * time.Minute, 48 * time.Hour, 2 * time.Hour, 30 * time.Minute},
		{"in an hour: half an hour, though that is late", time.Hour, 48 * time.Hour, 2 * time.Hour, 30 * time.Minute},
		{"in ten minutes: until the start", 10 * time.Minute, 48 * time.Hour, 2 * time.Hour, 10 * time.Minute},
		{"it began before: half an hour, and nothing is handed over when it has been", -time.Hour, 48 * time.Hour, 2 * time.Hour, 30 * time.Minute},
		{"a market of seconds", 0, 3 * time.Second, time.Second, 3 * time.Second},
		{"that begins in seconds", 2 * time.Second, 3 * time.Second, time.Second, 2 * time.Second},
	} {
		starts := time.Time{}
		if c.starts != 0 {
			starts = noon.Add(c.starts)
		}
		assert.Equal(t, noon.Add(c.want), Terms{c.before, c.within}.Due(starts, noon), c.name)
	}
}

func TestSoldWithItsContentIsHandedOver(t *testing.T) {
	h := offered()
	require.NoError(t, h.Attach("ann", file, noon.Add(-time.Hour)))
	h.Sell(Order{ID: "T-1", BuyerID: "bob", Ticket: h.Ticket}, "ann", terms, noon)
	assert.Equal(t, Delivered, h.Sale.Status)
	assert.EqualValues(t, 0, h.Sale.Version)
	assert.Equal(t, noon, h.Sale.DeliveredAt)
	assert.EqualValues(t, 1999, h.Sale.Owes())
	assert.Equal(t, noon.Add(48*time.Hour), h.PayoutAt())
}

func TestSoldOnce(t *testing.T) {
	h := sold()
	before := *h.Sale
	h.Sell(Order{ID: "T-1", BuyerID: "bob", Ticket: h.Ticket}, "ann", terms, noon.Add(time.Hour))
	h.Sell(Order{ID: "T-2", BuyerID: "eve", Ticket: h.Ticket}, "ann", terms, noon.Add(time.Hour))
	assert.Equal(t, before, *h.Sale)
	h.Follow("eve", Ticket{ID: "T", Title: "Go", Price: 1, Version: 9})
	assert.Equal(t, "ann", h.SellerID, "as it was sold")
	assert.Equal(t, "Chess", h.Ticket.Title)
}

func TestFollow(t *testing.T) {
	h := offered()
	h.Follow("ann", Ticket{ID: "T", Title: "Chess, final", Price: 5, Version: 2})
	h.Follow("ann", Ticket{ID: "T", Title: "old", Price: 1, Version: 1})
	assert.Equal(t, "Chess, final", h.Ticket.Title)
}

func TestAttach(t *testing.T) {
	h := offered()
	for _, stranger := range []string{"", "bob"} {
		assert.Equal(t, fault.Forbidden, fault.KindOf(h.Attach(stranger, file, noon)), stranger)
	}
	assert.Nil(t, h.Content)
	require.NoError(t, h.Attach("ann", file, noon))
	require.NoError(t, h.Attach("ann", Content{ID: "c2"}, noon), "another one")
	assert.Equal(t, "c2", h.Content.ID)

	h = sold()
	require.True(t, h.Changeable(noon))
	assert.Equal(t, Due, h.Sale.Status, "to ask is to change nothing")
	require.NoError(t, h.Attach("ann", file, h.Sale.DueAt.Add(-time.Millisecond)), "at the last moment")
	assert.Equal(t, Delivered, h.Sale.Status)
	assert.EqualValues(t, 1, h.Sale.Version)
	require.NoError(t, h.Attach("ann", Content{ID: "c2"}, h.Sale.DueAt.Add(time.Hour)), "replaced, until the buyer opens it")
	assert.EqualValues(t, 1, h.Sale.Version, "nobody is told twice")
	assert.Len(t, h.Sale.Ledger, 1)
	require.NoError(t, h.Open("bob", noon))
	err := h.Attach("ann", file, noon)
	assert.Equal(t, fault.HandoverFixed, fault.CodeOf(err))
	assert.Equal(t, "c2", h.Content.ID)
	assert.False(t, h.Changeable(noon))

	h = sold()
	err = h.Attach("ann", file, h.Sale.DueAt)
	assert.Equal(t, fault.HandoverOver, fault.CodeOf(err), "too late, whether or not anything has rung")
	assert.Equal(t, Due, h.Sale.Status)

	h = offered()
	for range mostAttached {
		require.NoError(t, h.Attach("ann", file, noon))
	}
	assert.Equal(t, fault.HandoverFixed, fault.CodeOf(h.Attach("ann", file, noon)))
}

func TestExpire(t *testing.T) {
	h := sold()
	assert.Equal(t, fault.Early, fault.KindOf(h.Expire(h.Sale.DueAt.Add(-time.Millisecond))))
	require.NoError(t, h.Expire(h.Sale.DueAt))
	assert.Equal(t, Failed, h.Sale.Status)
	assert.Equal(t, Missed, h.Sale.Reason)
	assert.EqualValues(t, 1, h.Sale.Version)
	assert.Zero(t, h.PayoutAt())
	before := *h.Sale
	require.NoError(t, h.Expire(h.Sale.DueAt.Add(time.Hour)), "twice")
	assert.Equal(t, before, *h.Sale)
	assert.Equal(t, fault.HandoverOver, fault.CodeOf(h.Attach("ann", file, noon)), "whatever the clock says now")
	assert.Equal(t, fault.HandoverOver, fault.CodeOf(h.Open("bob", noon)))
	assert.Equal(t, fault.HandoverOver, fault.CodeOf(h.Report("bob", "x", noon)))

	h = delivered(t)
	require.NoError(t, h.Expire(h.Sale.DueAt.Add(time.Hour)))
	assert.Equal(t, Delivered, h.Sale.Status, "handed over in time")
}

func TestOpen(t *testing.T) {
	h := sold()
	assert.Equal(t, fault.NotHandedOver, fault.CodeOf(h.Open("bob", noon)))
	h = delivered(t)
	assert.Equal(t, fault.NotOpened, fault.CodeOf(h.Readable("bob")))
	assert.NoError(t, h.Readable("ann"), "it is the seller's own")
	for _, stranger := range []string{"", "ann", "eve"} {
		assert.Equal(t, fault.Forbidden, fault.KindOf(h.Open(stranger, noon)), stranger)
	}
	require.NoError(t, h.Open("bob", noon.Add(2*time.Hour)))
	require.NoError(t, h.Open("bob", noon.Add(3*time.Hour)), "twice")
	assert.Equal(t, Opened, h.Sale.Status)
	assert.Equal(t, noon.Add(2*time.Hour), h.Sale.OpenedAt, "the first time")
	assert.EqualValues(t, 2, h.Sale.Version)
	assert.NoError(t, h.Readable("bob"))
	for _, stranger := range []string{"", "eve"} {
		assert.Equal(t, fault.Forbidden, fault.KindOf(h.Readable(stranger)), stranger)
	}
	assert.Equal(t, fault.Forbidden, fault.KindOf(offered().Readable("bob")), "nobody has bought it")

	h.GaveBack(noon)
	assert.Equal(t, fault.HandoverOver, fault.CodeOf(h.Readable("bob")))
	assert.NoError(t, h.Readable("ann"))
}

func TestReport(t *testing.T) {
	h := sold()
	assert.Equal(t, fault.NotHandedOver, fault.CodeOf(h.Report("bob", "x", noon)))
	h = delivered(t)
	assert.Equal(t, fault.Forbidden, fault.KindOf(h.Report("ann", "x", noon)))
	require.NoError(t, h.Report("bob", "The scanner knows it already", noon.Add(2*time.Hour)))
	require.NoError(t, h.Report("bob", "other words", noon.Add(3*time.Hour)), "twice")
	assert.Equal(t, Reported, h.Sale.Status)
	assert.Equal(t, "The scanner knows it already", h.Sale.Report)
	assert.EqualValues(t, 2, h.Sale.Version)
	assert.Equal(t, fault.HandoverFixed, fault.CodeOf(h.Attach("ann", file, noon)), "frozen")
	require.NoError(t, h.Open("bob", noon.Add(4*time.Hour)), "he may look at it still")
	assert.Equal(t, Reported, h.Sale.Status)
	assert.EqualValues(t, 2, h.Sale.Version)
}

func TestUntilWhenItCanBeReported(t *testing.T) {
	week := 7 * 24 * time.Hour
	h := delivered(t)
	assert.Equal(t, h.Sale.DeliveredAt.Add(week), h.ReportUntil(), "no date: since it was handed over")
	assert.Equal(t, fault.ReportClosed, fault.CodeOf(h.Report("bob", "x", h.ReportUntil())))
	require.NoError(t, h.Report("bob", "x", h.ReportUntil().Add(-time.Millisecond)))

	h = delivered(t)
	late := noon.Add(week)
	require.NoError(t, h.Attach("ann", file, late))
	require.NoError(t, h.Open("bob", late.Add(2*time.Hour)))
	assert.Equal(t, late.Add(week), h.ReportUntil(), "another file at the last moment is as good as the first")

	starts := noon.Add(30 * 24 * time.Hour)
	h = soldFor(starts)
	assert.Zero(t, h.ReportUntil())
	require.NoError(t, h.Attach("ann", file, noon))
	assert.Equal(t, starts.Add(week), h.ReportUntil())
	assert.Equal(t, starts.Add(48*time.Hour), h.PayoutAt())
}

func TestDecide(t *testing.T) {
	reported := func() *Handover {
		h := delivered(t)
		require.NoError(t, h.Report("bob", "x", noon.Add(2*time.Hour)))
		return h
	}
	at := noon.Add(100 * time.Hour)
	h := reported()
	require.NoError(t, h.Decide("olga", Refund, at))
	require.NoError(t, h.Decide("oleg", Refund, at.Add(time.Hour)), "the same again")
	assert.Equal(t, Failed, h.Sale.Status)
	assert.Equal(t, Upheld, h.Sale.Reason)
	assert.Equal(t, "olga", h.Sale.DecidedBy)
	assert.Equal(t, at, h.Sale.DecidedAt)
	assert.EqualValues(t, 3, h.Sale.Version)
	assert.Equal(t, fault.ReportClosed, fault.CodeOf(h.Decide("oleg", Dismiss, at)), "not the other way round")
	assert.Zero(t, h.Sale.Owes())

	h = reported()
	require.NoError(t, h.Decide("olga", Dismiss, at))
	assert.Equal(t, Dismissed, h.Sale.Status)
	assert.Equal(t, at, h.PayoutAt(), "two days after it was handed over have passed meanwhile")
	assert.EqualValues(t, 1999, h.Sale.Owes())
	assert.Equal(t, fault.ReportClosed, fault.CodeOf(h.Decide("oleg", Refund, at)))
	assert.Equal(t, fault.ReportClosed, fault.CodeOf(h.Report("bob", "again", at)))
	assert.Equal(t, fault.HandoverFixed, fault.CodeOf(h.Attach("ann", file, at)))

	assert.Equal(t, fault.ReportClosed, fault.CodeOf(sold().Decide("olga", Refund, at)))
	assert.Equal(t, fault.ReportClosed, fault.CodeOf(delivered(t).Decide("olga", Refund, at)))
	assert.Equal(t, fault.NotFound, fault.KindOf(offered().Decide("olga", Refund, at)))
}

// However a sale ends, its ledger says what is owed, and its lines stay.
// Nobody judges his own case.
func TestAnOperatorWhoIsASide(t *testing.T) {
	for _, side := range []string{"ann", "bob"} {
		h := delivered(t)
		require.NoError(t, h.Report("bob", "x", noon.Add(2*time.Hour)))
		for _, v := range []Verdict{Refund, Dismiss} {
			assert.Equal(t, fault.Forbidden, fault.KindOf(h.Decide(side, v, noon.Add(3*time.Hour))), "%s: %s", side, v)
		}
		assert.Equal(t, Reported, h.Sale.Status)
	}
}

func TestLedger(t *testing.T) {
	what := func(h *Handover) (all []What) {
		for _, e := range h.Sale.Ledger {
			all = append(all, e.What)
		}
		return all
	}
	h := sold()
	assert.Empty(t, h.Sale.Ledger, "nothing is owed for what is not handed over")
	h.GaveBack(noon)
	assert.Empty(t, h.Sale.Ledger)

	h = delivered(t)
	require.NoError(t, h.Report("bob", "x", noon.Add(2*time.Hour)))
	require.NoError(t, h.Decide("olga", Dismiss, noon.Add(3*time.Hour)))
	h.GaveBack(noon.Add(4 * time.Hour)) // by hand, after all
	h.GaveBack(noon.Add(5 * time.Hour))
	assert.Equal(t, []What{Owed, Frozen, Released, Cancelled}, what(h))
	assert.Zero(t, h.Sale.Owes())
	assert.Equal(t, Refunded, h.Sale.Status)

	h = delivered(t)
	require.NoError(t, h.Report("bob", "x", noon.Add(2*time.Hour)))
	require.NoError(t, h.Decide("olga", Refund, noon.Add(3*time.Hour)))
	h.GaveBack(noon.Add(4 * time.Hour))
	assert.Equal(t, []What{Owed, Frozen, Cancelled}, what(h), "cancelled once")
	assert.Equal(t, Upheld, h.Sale.Reason, "why, that stays")
	assert.Equal(t, noon.Add(3*time.Hour), h.Sale.EndedAt)
}

func TestWords(t *testing.T) {
	kept, complaint := Words("  It was used.\r\nTwice. ")
	assert.Empty(t, complaint)
	assert.Equal(t, "It was used.\nTwice.", kept)
	_, complaint = Words(strings.Repeat("ü", 2000))
	assert.Empty(t, complaint)
	for _, bad := range []string{"", " \n ", strings.Repeat("x", 2001), "a\x00b", "\xff"} {
		_, complaint := Words(bad)
		assert.NotEmpty(t, complaint, "%q", bad)
	}
}

func TestTicketOf(t *testing.T) {
	id, err := TicketOf("A-B-C")
	require.NoError(t, err)
	assert.Equal(t, "A-B", id)
	for _, bad := range []string{"", "T", "-x", "T-", strings.Repeat("x", 63) + "-y"} {
		_, err := TicketOf(bad)
		assert.Equal(t, fault.NotFound, fault.KindOf(err), bad)
	}
}

// A seller who hands over and the clock that ends it cannot both win, whoever is first and whatever the clocks say.
func TestTheLastMoment(t *testing.T) {
	due := sold().Sale.DueAt
	for _, off := range []time.Duration{-time.Second, -time.Millisecond, 0, time.Millisecond, time.Second} {
		h := sold()
		handed, ended := h.Attach("ann", file, due.Add(off)), h.Expire(due.Add(-off))
		if handed == nil {
			assert.Equal(t, Delivered, h.Sale.Status, off)
			assert.NoError(t, ended, off)
			assert.Empty(t, h.Sale.Reason)
		}
		h = sold()
		ended, handed = h.Expire(due.Add(off)), h.Attach("ann", file, due.Add(-off))
		if ended == nil {
			assert.Equal(t, Failed, h.Sale.Status, off)
			assert.Error(t, handed, off)
			assert.Nil(t, h.Content)
		}
	}
}
