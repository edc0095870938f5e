package ticket

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func listed(t *testing.T) *Ticket {
	t.Helper()
	tk, err := New("T", "seller", Offer{Title: "Chess final", Price: 1999}, noon)
	require.NoError(t, err)
	return &tk
}

func TestTitle(t *testing.T) {
	const long, control = "Title must be at most 200 characters", "Title must be on one line, without control characters"
	for title, want := range map[string]string{
		"Chess": "", "": "Title is required", "   ": "Title is required", "two\nlines": control, "nul\x00": control,
		strings.Repeat("ü", 200): "", strings.Repeat("ü", 201): long,
	} {
		_, complaint := Title(title)
		assert.Equal(t, want, complaint, "%q", title)
	}
}

func TestEdit(t *testing.T) {
	for name, c := range map[string]struct {
		news []Sale
		who  string
		kind fault.Kind
		ok   bool
	}{
		"free":                   {nil, "seller", 0, true},
		"somebody else's":        {nil, "thief", fault.Forbidden, false},
		"held":                   {[]Sale{{Version: 1, OrderID: "O", Deadline: noon.Add(time.Minute)}}, "seller", fault.Refused, false},
		"hold past its deadline": {[]Sale{{Version: 1, OrderID: "O", Deadline: noon}}, "seller", 0, true}, // its timer was lost
		"given back":             {[]Sale{{Version: 1, OrderID: "O", Deadline: noon.Add(time.Minute)}, {Version: 2, OrderID: "O", Ended: true}}, "seller", 0, true},
		"sold":                   {[]Sale{{Version: 3, OrderID: "O", Complete: true}}, "seller", fault.Refused, false},
	} {
		t.Run(name, func(t *testing.T) {
			tk := listed(t)
			for _, n := range c.news {
				tk.Follow(n)
			}
			version := tk.Version
			err := tk.Edit(c.who, Offer{Title: "New title", Price: 2500}, noon)
			if c.ok {
				require.NoError(t, err)
				assert.Equal(t, version+1, tk.Version)
				return
			}
			assert.Equal(t, c.kind, fault.KindOf(err))
			assert.EqualValues(t, 1999, tk.Price, "a refusal changes nothing")
		})
	}
}

// News of one sale, in any order and any number of times, ends the same.
func TestFollowKeepsTheNewest(t *testing.T) {
	until := noon.Add(time.Minute)
	news := []Sale{
		{Version: 1, OrderID: "A", Deadline: until},
		{Version: 2, OrderID: "A", Ended: true},
		{Version: 3, OrderID: "B", Deadline: until},
		{Version: 4, OrderID: "B", Deadline: until.Add(time.Minute)}, // a payment began
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1, 1}, {3, 3, 3}, {1, 3, 0, 2}} {
		tk := listed(t)
		for _, i := range order {
			tk.Follow(news[i])
		}
		assert.Equal(t, "B", tk.OrderID, "%v: a late cancel of A must not free B's hold", order)
		assert.Equal(t, until.Add(time.Minute), tk.HeldUntil)
	}
	tk := listed(t)
	tk.Follow(news[2])
	version := tk.Version
	tk.Follow(news[3])
	assert.Equal(t, version, tk.Version, "others cannot see a deadline move")
}
