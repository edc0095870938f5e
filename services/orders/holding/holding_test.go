package holding

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func hold(n int, since time.Time) Hold {
	id := "T" + strconv.Itoa(n)
	return Hold{TicketID: id, OrderID: id + "-1", Since: since, Until: since.Add(15 * time.Minute)}
}

func TestTake(t *testing.T) {
	h := &Holds{}
	for i := range 6 {
		require.NoError(t, h.Take(hold(i, noon), 6))
	}
	err := h.Take(hold(6, noon), 6)
	require.EqualError(t, err, "You hold as many unpaid tickets as one buyer may, which is 6. Pay for one or give one back first")
	assert.Equal(t, fault.Refused, fault.KindOf(err))

	require.NoError(t, h.Take(hold(3, noon), 6), "the same ticket, once more")
	assert.Len(t, h.Noted, 6)
	h.Drop([]string{"T2-1", "T9-1"})
	require.NoError(t, h.Take(hold(6, noon), 6), "one of them was over")
	require.Error(t, h.Take(hold(7, noon), 6))
	require.NoError(t, h.Take(hold(7, noon.Add(15*time.Minute)), 6), "nobody has looked, and all of them are over by now")
	assert.Len(t, h.Noted, 1)
}

// Without a bound nothing is noted: the document does not grow.
func TestNoBound(t *testing.T) {
	h := &Holds{}
	require.NoError(t, h.Take(hold(0, noon), 6))
	for i := range 1000 {
		require.NoError(t, h.Take(hold(i, noon), 0))
	}
	assert.Empty(t, h.Noted)
}

func TestOver(t *testing.T) {
	deadline := noon.Add(10 * time.Minute)
	terms := sale.Terms{Hold: 10 * time.Minute}
	place := func(s *sale.Sale, order, buyer string) {
		require.NoError(t, s.Place(sale.Order{ID: order, UserID: buyer}, terms, noon))
	}
	for _, c := range []struct {
		name  string
		since func(s *sale.Sale)
		at    time.Time
		over  bool
	}{
		{"the order is on its way", func(*sale.Sale) {}, noon.Add(OnItsWay - 1), false},
		{"the order was never made", func(*sale.Sale) {}, noon.Add(OnItsWay), true},
		{"it is held", func(s *sale.Sale) { place(s, "T0-1", "ann") }, noon.Add(time.Minute), false},
		{"it is held by the order of another try", func(s *sale.Sale) { place(s, "T0-0", "ann") }, noon.Add(time.Minute), false},
		{"it is being paid", func(s *sale.Sale) {
			place(s, "T0-1", "ann")
			require.NoError(t, s.BeginCheckout("T0-1", "c1", time.Hour, noon))
		}, deadline, false},
		{"it is paid", func(s *sale.Sale) { place(s, "T0-1", "ann"); require.NoError(t, s.Paid("T0-1", "pay", "code")) }, noon, true},
		{"it was given back", func(s *sale.Sale) { place(s, "T0-1", "ann"); require.NoError(t, s.Cancel("T0-1", noon)) }, noon, true},
		{"the time ran out, and nobody has noticed", func(s *sale.Sale) { place(s, "T0-1", "ann") }, deadline, true},
		{"another was faster", func(s *sale.Sale) { place(s, "T0-2", "bob") }, noon.Add(OnItsWay), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sale.Sale{}
			s.Follow("seller", sale.Ticket{ID: "T0", Price: 1})
			c.since(&s)
			assert.Equal(t, c.over, hold(0, noon).Over(s, "ann", c.at))
		})
	}
	assert.True(t, hold(0, noon).Over(sale.Sale{}, "ann", noon.Add(OnItsWay)), "there is no such sale")
}
