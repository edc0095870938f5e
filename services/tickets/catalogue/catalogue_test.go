package catalogue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/money"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// ids reads all pages of a query.
func ids(t *testing.T, c *Catalogue, q Query, now time.Time) []string {
	t.Helper()
	var out []string
	for range 100 {
		page, more := c.Page(q, now)
		require.LessOrEqual(t, len(page), q.Limit)
		for _, tk := range page {
			out = append(out, tk.ID)
		}
		if !more {
			return out
		}
		q.After = &page[len(page)-1]
	}
	t.Fatal("pages without end")
	return nil
}

func TestOrdersAndPages(t *testing.T) {
	c := New()
	for i, price := range []money.Amount{300, 100, 200, 100} {
		c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: "Chess", Price: price, CreatedAt: noon.Add(time.Duration(i) * time.Second)})
	}
	for _, limit := range []int{1, 2, 3, 4, 50} {
		assert.Equal(t, []string{"3", "2", "1", "0"}, ids(t, c, Query{Sort: Newest, Limit: limit}, noon))
		assert.Equal(t, []string{"3", "1", "2", "0"}, ids(t, c, Query{Sort: Cheapest, Limit: limit}, noon), "equals come newest first")
		assert.Equal(t, []string{"0", "2", "3", "1"}, ids(t, c, Query{Sort: Dearest, Limit: limit}, noon))
	}
}

func TestOnlyWhatCanBeBought(t *testing.T) {
	c := New()
	c.Put(ticket.Ticket{ID: "free", CreatedAt: noon})
	c.Put(ticket.Ticket{ID: "held", OrderID: "O", HeldUntil: noon.Add(time.Minute), SaleVersion: 1, CreatedAt: noon})
	c.Put(ticket.Ticket{ID: "sold", OrderID: "O", Sold: true, Version: 2, SaleVersion: 2, CreatedAt: noon})
	c.Put(ticket.Ticket{ID: "sold", CreatedAt: noon}) // late news
	assert.Equal(t, []string{"free"}, ids(t, c, Query{Sort: Newest, Limit: 9}, noon))
	assert.Equal(t, []string{"free", "held"}, ids(t, c, Query{Sort: Newest, Limit: 9}, noon.Add(time.Minute)), "a hold past its deadline counts as free")
}

// Whatever order the news of a ticket comes in, and whatever comes twice, all replicas end with the same view.
func TestNewsInAnyOrder(t *testing.T) {
	listed := ticket.Ticket{ID: "T", UserID: "ann", Title: "Chess", Price: 100, CreatedAt: noon}
	edited := listed
	edited.Title, edited.Price, edited.Version = "Chess final", 200, 1
	want := edited
	sales := []ticket.Sale{
		{Version: 1, OrderID: "A", Deadline: noon.Add(time.Minute)},
		{Version: 2, OrderID: "A", Ended: true},
		{Version: 3, OrderID: "B", Deadline: noon.Add(time.Hour)},
	}
	for _, s := range sales {
		want.Follow(s)
	}
	for range 200 {
		c := New()
		c.Put(listed)
		news := []func(){
			func() { c.Put(listed) }, func() { c.Put(edited) }, func() { c.Put(edited) },
			func() { c.Follow("T", sales[0]) }, func() { c.Follow("T", sales[1]) }, func() { c.Follow("T", sales[2]) }, func() { c.Follow("T", sales[1]) },
			func() { c.Follow("unknown", sales[2]) },
		}
		rand.Shuffle(len(news), func(i, j int) { news[i], news[j] = news[j], news[i] })
		for _, hear := range news {
			hear()
		}
		require.Equal(t, want, c.known["T"].ticket)
		require.Empty(t, ids(t, c, Query{Sort: Cheapest, Limit: 9}, noon))
		require.Equal(t, []string{"T"}, ids(t, c, Query{Sort: Cheapest, Words: []string{"final"}, Limit: 9}, noon.Add(2*time.Hour)))
	}
}

func TestSearch(t *testing.T) {
	c := New()
	c.Put(ticket.Ticket{ID: "1", Title: "Nina Simone, Montreux", CreatedAt: noon})
	c.Put(ticket.Ticket{ID: "2", Title: "SIMONE de Beauvoir: a reading", CreatedAt: noon.Add(1)})
	c.Put(ticket.Ticket{ID: "3", Title: "Ärzte in Köln", CreatedAt: noon.Add(2)})
	for query, want := range map[string][]string{
		"simone": {"2", "1"}, "nina simone": {"1"}, "Simone, NINA!": {"1"}, "sim": nil, "ÄRZTE": {"3"}, "nobody": nil, "?!": {"3", "2", "1"},
	} {
		assert.Equal(t, want, ids(t, c, Query{Sort: Newest, Words: Words(query), Limit: 1}, noon), query)
	}
	c.Put(ticket.Ticket{ID: "1", Title: "Miles Davis", Version: 1, CreatedAt: noon})
	assert.Equal(t, []string{"2"}, ids(t, c, Query{Sort: Newest, Words: Words("simone"), Limit: 9}, noon), "a new title replaces the old")
}

// Rare and common words are found in different ways; both must find the same.
func TestSearchAmongMany(t *testing.T) {
	c := New()
	rare := 0
	for i := range 3 * few {
		title := "concert"
		if i%1000 == 0 {
			title, rare = "rare concert", rare+1
		}
		c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: title, Price: money.Amount(rand.N(500)), CreatedAt: noon.Add(time.Duration(i))})
	}
	for _, sort := range []Sort{Newest, Cheapest, Dearest} {
		assert.Len(t, ids(t, c, Query{Sort: sort, Words: Words("rare"), Limit: 2}, noon), rare)
		assert.Len(t, ids(t, c, Query{Sort: sort, Words: Words("concert"), Limit: 100}, noon), 3*few)
	}
}

// Any combination of words finds what has them all, and nothing else.
func TestSearchForAnyWords(t *testing.T) {
	c := New()
	titles := map[string][]string{}
	for i := range 3000 {
		title := ""
		for word := range 8 {
			if rand.N(1<<word) == 0 { // some in all, some in few
				title += fmt.Sprintf("w%d ", word)
			}
		}
		tk := ticket.Ticket{ID: fmt.Sprint(i), Title: title, CreatedAt: noon.Add(time.Duration(i))}
		c.Put(tk)
		if i%7 == 0 {
			tk.Title, tk.Version = "w3 w4", 1
			c.Put(tk)
		}
		if tk.Follow(ticket.Sale{Version: 1, OrderID: "O", Complete: true}); i%5 == 0 {
			c.Put(tk)
			continue
		}
		titles[tk.ID] = Words(tk.Title)
	}
	for set := range 256 {
		var words []string
		for word := range 8 {
			if set&(1<<word) != 0 {
				words = append(words, fmt.Sprintf("w%d", word))
			}
		}
		var want []string
		for i := 2999; i >= 0; i-- {
			id := fmt.Sprint(i)
			if have, listed := titles[id]; listed && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(have, w) }) {
				want = append(want, id)
			}
		}
		require.Equal(t, want, ids(t, c, Query{Sort: Newest, Words: words, Limit: 200}, noon), "%v", words)
	}
}

// Two words that many tickets have, but none has both: no ticket is looked at, however many there are.
func TestWordsThatNeverMeetCostNothing(t *testing.T) {
	c := New()
	for i := range 3 * few {
		c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: []string{"opera", "football"}[i%2], CreatedAt: noon.Add(time.Duration(i))})
	}
	words, known := c.find(Words("football opera"))
	assert.True(t, known)
	assert.Empty(t, c.candidates(Newest, words))
	assert.Len(t, ids(t, c, Query{Sort: Newest, Words: Words("opera"), Limit: 100}, noon), 3*few/2)
}

func BenchmarkPage(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		c := New()
		for i := range n {
			title := fmt.Sprintf("concert number%d side%d", i%500, i%2)
			if i%997 > 900 {
				title += " dear" // behind nine tenths of all that is cheaper
			}
			c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: title, Price: money.Amount(i % 997), CreatedAt: noon.Add(time.Duration(i))})
		}
		for name, words := range map[string][]string{
			"page": nil, "search": Words("number7"), "common": Words("concert"), "apart": Words("side0 side1"), "far": Words("dear concert"), "nothing": Words("nobody concert"),
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					c.Page(Query{Sort: Cheapest, Words: words, Limit: 50}, noon)
				}
			})
		}
	}
}
