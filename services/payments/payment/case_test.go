package payment

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

// A case is opened once for a thing, and what was noted stays.
func TestACase(t *testing.T) {
	var c Case
	assert.Equal(t, fault.NotFound, fault.KindOf(c.Look("olga", noon)))
	assert.Equal(t, fault.NotFound, fault.KindOf(c.Say("olga", "x", noon)))
	require.True(t, c.Tell(Disputed, "T-1", "pi", "dp_1", strings.Repeat("ä", 600), noon))
	assert.False(t, c.Tell(Disputed, "T-1", "pi", "dp_1", "again", noon.Add(time.Hour)))
	assert.Equal(t, "disputed-T-1", c.ID)
	assert.Len(t, []rune(c.Reason), longest)
	require.NoError(t, c.Look("olga", noon))
	c.Find("nothing", false, noon)
	assert.False(t, c.Over(nil))
	require.NoError(t, c.Say("olga", "answered", noon))
	require.NoError(t, c.Say("olga", "answered", noon), "died in between")
	c.Settle(noon)
	c.Settle(noon.Add(time.Hour))
	assert.Equal(t, noon, c.Settled)
	require.NoError(t, c.Say("olga", "answered", noon), "twice")
	assert.Equal(t, fault.CaseSettled, fault.CodeOf(c.Say("oleg", "answered", noon)))
	assert.Equal(t, fault.CaseSettled, fault.CodeOf(c.Look("olga", noon)))
	var what []Step
	for _, n := range c.Notes {
		what = append(what, n.What)
	}
	assert.Equal(t, []Step{Told, Looked, Found, Done, Settled}, what)

	require.True(t, c.Tell(Disputed, "T-1", "pi", "dp_2", "another", noon.Add(time.Hour)))
	assert.Equal(t, noon.Add(time.Hour), c.Since)
	assert.False(t, c.Over(nil), "open again")
	for range mostNotes {
		_ = c.Look("olga", noon)
	}
	assert.Equal(t, fault.CaseSettled, fault.CodeOf(c.Look("olga", noon)), "too often")
	assert.NoError(t, c.Say("olga", "answered again", noon), "by hand it can still be settled")
}

// What has no end, and money that does not go back, are over when the payment says so.
func TestACaseThatSettlesItself(t *testing.T) {
	for kind, over := range map[Kind][]Status{
		Open: {Declined, Succeeded, Refunding, Refunded}, Refund: {Pending, Declined, Succeeded, Refunded}, Disputed: nil, Stray: nil, Unmade: nil, Unknown: nil,
	} {
		for _, status := range []Status{Pending, Declined, Succeeded, Refunding, Refunded} {
			var c Case
			c.Tell(kind, "T-1", "", "x", "x", noon)
			want := false
			for _, s := range over {
				want = want || s == status
			}
			assert.Equal(t, want, c.Over(&Payment{Status: status}), "%s %s", kind, status)
			assert.False(t, c.Over(nil), kind)
		}
	}
}

// By hand, and again, are for money that ought to go back and for no other.
func TestByHand(t *testing.T) {
	p := begun(t)
	p.ByHand(noon)
	assert.Equal(t, Pending, p.Status)
	p.Charged(1, "pi")
	p.ByHand(noon)
	assert.Equal(t, Succeeded, p.Status)
	p.Return()
	p.Stuck("re", "closed")
	p.Again()
	assert.True(t, p.Returning())
	p.Stuck("re", "closed")
	p.ByHand(noon)
	assert.Equal(t, Refunded, p.Status)
	assert.Equal(t, int64(2), p.Version)
	p.Stuck("re", "late news of the first")
	p.Again()
	assert.Equal(t, Refunded, p.Status)
}

func TestWords(t *testing.T) {
	kept, complaint := Words("  paid\r\nback ")
	assert.Equal(t, "paid\nback", kept)
	assert.Empty(t, complaint)
	for _, bad := range []string{"", " \n", strings.Repeat("x", 501), "\x00", "\ufffd"} {
		_, complaint := Words(bad)
		assert.NotEmpty(t, complaint, "%q", bad)
	}
}
