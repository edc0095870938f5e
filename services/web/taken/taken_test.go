package taken

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

// hold is that ann holds T by order A until a quarter past, at version 1.
func hold() News {
	return News{Ticket: "T", Order: "A", Buyer: "ann", Seller: "sue", Version: 1, State: Held, Until: after(15 * time.Minute)}
}

func with(n News, change func(*News)) News { change(&n); return n }

func free(n News) News {
	return with(n, func(n *News) { n.State = Free; n.Version++ })
}

// Each row is what was heard at noon, and who is refused when.
func TestWhoIsRefused(t *testing.T) {
	bobs := with(hold(), func(n *News) { n.Order, n.Buyer, n.Version = "B", "bob", 3 })
	sold := with(hold(), func(n *News) { n.State, n.Version, n.Until = Sold, 2, noon })
	for name, c := range map[string]struct {
		heard []News
		user  string
		at    time.Duration
		want  State
	}{
		"nothing is known":                  {nil, "bob", 0, Unknown},
		"held":                              {[]News{hold()}, "bob", 0, Held},
		"the holder":                        {[]News{hold()}, "ann", 0, Unknown},
		"the seller is told something else": {[]News{hold()}, "sue", 0, Unknown},
		"whose ticket it is not known":      {[]News{with(hold(), func(n *News) { n.Seller = "" })}, "bob", 0, Unknown},
		"just believed":                     {[]News{hold()}, "bob", Trusted - 1, Held},
		"too long ago":                      {[]News{hold()}, "bob", Trusted, Unknown},
		"the clock was set back":            {[]News{hold()}, "bob", -time.Second, Unknown},
		"the hold ends soon":                {[]News{with(hold(), func(n *News) { n.Until = after(Margin) })}, "bob", 0, Unknown},
		"not so soon":                       {[]News{with(hold(), func(n *News) { n.Until = after(Margin + 1) })}, "bob", 0, Held},
		"given back":                        {[]News{hold(), free(hold())}, "bob", 0, Unknown},
		"given back, and the hold is heard of late": {[]News{free(hold()), hold()}, "bob", 0, Unknown},
		"heard twice":                          {[]News{hold(), hold()}, "bob", 0, Held},
		"given back and held by another":       {[]News{hold(), free(hold()), bobs}, "ann", 0, Held},
		"the other is who holds it":            {[]News{hold(), free(hold()), bobs}, "bob", 0, Unknown},
		"its end was missed":                   {[]News{hold(), bobs}, "ann", 0, Held},
		"its end comes late":                   {[]News{hold(), bobs, free(hold())}, "ann", 0, Held},
		"sold":                                 {[]News{hold(), sold}, "bob", 0, Sold},
		"sold, and the hold is heard of late":  {[]News{sold, hold()}, "bob", 0, Sold},
		"sold, for a minute":                   {[]News{sold}, "bob", TrustedSold - 1, Sold},
		"sold, and that was long ago":          {[]News{sold}, "bob", TrustedSold, Unknown},
		"the buyer of a sold one":              {[]News{sold}, "ann", 0, Unknown},
		"the deadline moved":                   {[]News{hold(), with(hold(), func(n *News) { n.Version, n.Until = 2, noon })}, "bob", 0, Unknown},
		"money met it after its end":           {[]News{hold(), free(hold()), free(hold())}, "bob", 0, Unknown},
		"an answer says it without the seller": {[]News{hold(), with(bobs, func(n *News) { n.Seller = "" })}, "ann", 0, Held},
	} {
		t.Run(name, func(t *testing.T) {
			b := New()
			for _, n := range c.heard {
				b.Hear(n, noon)
			}
			got, _ := b.Refuses("T", c.user, after(c.at))
			assert.Equal(t, c.want, got)
			other, _ := b.Refuses("U", c.user, after(c.at))
			assert.Equal(t, Unknown, other, "another ticket")
		})
	}
}

func refused(b *Book, user string, at time.Duration) bool {
	state, _ := b.Refuses("T", user, after(at))
	return state != Unknown
}

// What its buyer was told of the end is not forgotten when the news of the beginning comes late.
func TestGivenBackThroughUs(t *testing.T) {
	b := New()
	b.Hear(hold(), noon)
	b.Ended("T", "A", noon)
	assert.False(t, refused(b, "bob", 0))
	b.Hear(hold(), noon)
	assert.False(t, refused(b, "bob", 0), "late")

	b = New()
	b.Ended("T", "A", noon) // before anything was heard
	b.Hear(hold(), noon)
	assert.False(t, refused(b, "bob", 0))
	next := with(hold(), func(n *News) { n.Order, n.Buyer, n.Version = "B", "bob", 3 })
	b.Hear(next, noon)
	assert.True(t, refused(b, "eve", 0))
	b.Ended("T", "A", noon)
	assert.True(t, refused(b, "eve", 0), "another's end, said again")
}

// A hot ticket stays known as long as orders says that it is still held: it is asked before what is known gets too old, once.
func TestOrdersIsAskedInTime(t *testing.T) {
	b := New()
	b.Hear(hold(), noon)
	_, ask := b.Refuses("T", "bob", after(Trusted/2-1))
	assert.False(t, ask, "too early")
	_, ask = b.Refuses("T", "bob", after(Trusted/2))
	assert.True(t, ask)
	_, ask = b.Refuses("T", "eve", after(Trusted/2+1))
	assert.False(t, ask, "it is")
	_, ask = b.Refuses("T", "eve", after(Trusted/2+askPause))
	assert.True(t, ask, "it did not answer")
	b.Hear(hold(), after(Trusted/2+askPause))
	assert.True(t, refused(b, "bob", Trusted+askPause))
	assert.False(t, refused(b, "bob", Trusted/2+askPause+Trusted), "never longer than that without a word")

	b.Nobody("T", 0, after(3*time.Second))
	assert.True(t, refused(b, "bob", Trusted), "somebody got it since orders was asked")
	b.Nobody("T", 1, after(3*time.Second))
	assert.False(t, refused(b, "bob", 4*time.Second), "the end was missed")
	b.Hear(hold(), after(4*time.Second))
	assert.False(t, refused(b, "bob", 4*time.Second), "and is not undone by what comes late")
}

// Somebody was refused by orders: who has it is asked once.
func TestWhoHasWhatWeDoNotKnow(t *testing.T) {
	b := New()
	assert.True(t, b.Ask("T", noon))
	assert.False(t, b.Ask("T", noon))
	assert.True(t, b.Ask("T", after(askPause)))
	b.Hear(hold(), noon)
	assert.True(t, refused(b, "bob", 0))
	assert.False(t, b.Ask("T", after(3*time.Second)), "known")
	assert.True(t, b.Ask("T", after(Trusted)), "known no more")
}

func TestForgetting(t *testing.T) {
	b := New()
	b.Hear(hold(), noon)
	b.Forget()
	assert.False(t, refused(b, "bob", 0))
	b.Hear(hold(), noon)
	for i := range 5 * room {
		if i%room == 0 {
			assert.True(t, refused(b, "bob", 0), "what is asked for is kept")
		}
		b.Hear(News{Ticket: fmt.Sprint(i), Order: "O", Buyer: "x", Seller: "y", Version: 1, State: Held, Until: after(time.Hour)}, noon)
		assert.LessOrEqual(t, b.Len(), 2*room)
	}
}
