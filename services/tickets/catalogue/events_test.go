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
	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

var sorts = []Sort{Newest, Cheapest, Dearest, Soonest}

// at is an occasion some days after noon.
func at(days int, venue, city string) occasion.Occasion {
	return occasion.Occasion{StartsAt: clock.At(noon.AddDate(0, 0, days)), Zone: "Europe/Zurich", Venue: venue, City: city}
}

// eventsOf reads all pages of a query.
func eventsOf(t *testing.T, c *Catalogue, q Query, now time.Time) (all []Event) {
	t.Helper()
	for range 1000 {
		page, more := c.Events(q, now)
		require.LessOrEqual(t, len(page), q.Limit)
		all = append(all, page...)
		if !more {
			return all
		}
		q.After = &page[len(page)-1].First
	}
	t.Fatal("pages without end")
	return nil
}

func TestDaysAndCities(t *testing.T) {
	c := New()
	late := at(3, "Casino", "Montreux")
	late.StartsAt = clock.At(time.Date(2026, 5, 4, 22, 30, 0, 0, time.UTC)) // the 5th in Zürich
	for id, o := range map[string]occasion.Occasion{"first": at(1, "Casino", "Montreux"), "third": late, "second": at(2, "Hallen Stadion", " ZÜRICH  West"), "undated": {Venue: "Moods", City: "Montreux"}} {
		c.Put(ticket.Ticket{ID: id, Title: "Jazz", Price: 100, CreatedAt: noon, Occasion: o})
	}
	for _, row := range []struct {
		q    Query
		want []string
	}{
		{Query{}, []string{"first", "second", "third", "undated"}},
		{Query{From: "2026-05-03"}, []string{"second", "third"}},
		{Query{To: "2026-05-03"}, []string{"first", "second"}},
		{Query{From: "2026-05-05", To: "2026-05-05"}, []string{"third"}},
		{Query{From: "2026-05-04", To: "2026-05-04"}, nil},
		{Query{City: "montreux"}, []string{"first", "third", "undated"}},
		{Query{City: "Zürich west"}, []string{"second"}},
		{Query{City: "Zürich"}, nil},
		{Query{Words: Words("west")}, []string{"second"}},
		{Query{Words: Words("stadion jazz")}, []string{"second"}},
		{Query{Words: Words("casino"), City: "Montreux", From: "2026-05-02", To: "2026-05-02"}, []string{"first"}},
		{Query{Event: "undated"}, []string{"undated"}},
		{Query{Event: "undated", City: "Bern"}, nil},
		{Query{Event: "first"}, nil},
		{Query{Event: "nosuch"}, nil},
		{Query{City: "montreux first"}, nil},
	} {
		for _, limit := range []int{1, 9} {
			row.q.Limit = limit
			for _, sort := range sorts {
				row.q.Sort = sort
				got := ids(t, c, row.q, noon)
				if sort != Soonest {
					assert.ElementsMatch(t, row.want, got, "%+v", row.q)
					continue
				}
				assert.Equal(t, row.want, got, "%+v", row.q)
			}
		}
	}
}

// A ticket leaves when it starts, by the clock of whoever asks; what is swept out comes back only for a later start.
func TestWhatHasStartedLeaves(t *testing.T) {
	c := New()
	for i := range 10 {
		c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: "Jazz", Price: 100, CreatedAt: noon, Occasion: at(i, "Casino", "Montreux")})
	}
	c.Put(ticket.Ticket{ID: "undated", Title: "Jazz", Price: 100, CreatedAt: noon})
	now := noon.AddDate(0, 0, 5)
	left := []string{"6", "7", "8", "9", "undated"}
	for _, sort := range sorts {
		assert.ElementsMatch(t, left, ids(t, c, Query{Sort: sort, Limit: 2}, now), "before the sweep")
	}
	c.Sweep(now)
	c.Sweep(now)
	for _, sort := range sorts {
		assert.ElementsMatch(t, left, ids(t, c, Query{Sort: sort, Words: Words("jazz"), Limit: 2}, now))
		assert.Len(t, c.sorted[sort], len(left), "nothing looks at what has started")
	}
	assert.Len(t, c.words["jazz"].places, len(left))
	assert.Len(t, c.words["casino"].places, len(left)-1)
	old := ticket.Ticket{ID: "3", Title: "Jazz", Price: 100, CreatedAt: noon, Occasion: at(3, "Casino", "Montreux")}
	c.Put(old)
	c.Follow("3", ticket.Sale{Version: 1, OrderID: "O", Deadline: noon})
	assert.Len(t, c.sorted[Newest], len(left), "read once more, it does not come back")
	old.Version, old.Occasion = 1, at(30, "Casino", "Montreux")
	c.Put(old)
	assert.Equal(t, "3", ids(t, c, Query{Sort: Soonest, Limit: 50}, now)[4], "put off")
	assert.Equal(t, []string{"3"}, ids(t, c, Query{Sort: Newest, From: "2026-05-31", Limit: 50}, now))
	c.Sweep(noon.AddDate(1, 0, 0))
	assert.Equal(t, []string{"undated"}, ids(t, c, Query{Sort: Soonest, Limit: 50}, now))
	assert.Len(t, c.words, 1)
}

func TestWithdrawnTicketsAreNotForSale(t *testing.T) {
	c := New()
	listed := ticket.Ticket{ID: "T", Title: "Jazz", Price: 100, CreatedAt: noon, Occasion: at(1, "Casino", "Montreux")}
	withdrawn := listed
	withdrawn.Withdrawn, withdrawn.Version = true, 1
	c.Put(withdrawn)
	c.Put(listed) // late news
	assert.Empty(t, ids(t, c, Query{Sort: Newest, Limit: 9}, noon))
	assert.Empty(t, eventsOf(t, c, Query{Sort: Newest, Limit: 9}, noon))
	assert.True(t, c.These([]string{"T"})[0].Withdrawn)
	listed.Version = 2
	c.Put(listed)
	assert.Equal(t, []string{"T"}, ids(t, c, Query{Sort: Newest, Limit: 9}, noon))
}

func TestTicketsOfOneEventStandTogether(t *testing.T) {
	c := New()
	put := func(id, title string, price money.Amount, o occasion.Occasion) {
		c.Put(ticket.Ticket{ID: id, Title: title, Price: price, CreatedAt: noon, Occasion: o})
	}
	put("a", "Nina Simone", 300, at(2, "Casino", "Montreux"))
	put("b", "NINA  simone", 100, at(2, "casino ", "Montreux"))
	put("c", "Nina Simone", 200, at(2, "Casino", "Montreux"))
	put("another day", "Nina Simone", 50, at(3, "Casino", "Montreux"))
	put("another venue", "Nina Simone", 400, at(2, "Stravinski", "Montreux"))
	put("undated", "Nina Simone", 10, occasion.Occasion{Venue: "Casino"})
	put("undated too", "Nina Simone", 20, occasion.Occasion{Venue: "Casino"})

	found := eventsOf(t, c, Query{Sort: Cheapest, Limit: 2}, noon)
	var got []string
	for _, e := range found {
		got = append(got, fmt.Sprintf("%d from %d", e.Tickets, e.Cheapest.Price))
		assert.ElementsMatch(t, ids(t, c, Query{Sort: Newest, Event: e.ID, Limit: 1}, noon), tickets(t, c, e.ID), e.ID)
		assert.Len(t, tickets(t, c, e.ID), e.Tickets)
	}
	assert.Equal(t, []string{"1 from 10", "1 from 20", "1 from 50", "3 from 100", "1 from 400"}, got)

	dearest := eventsOf(t, c, Query{Sort: Dearest, Limit: 9}, noon)
	assert.Equal(t, "a", dearest[1].First.ID, "an event stands where the first of its tickets does")
	assert.Equal(t, "b", dearest[1].Cheapest.ID)
	c.Follow("b", ticket.Sale{Version: 1, OrderID: "O", Deadline: noon.Add(time.Hour)})
	assert.EqualValues(t, 200, eventsOf(t, c, Query{Sort: Cheapest, Limit: 9}, noon)[3].Cheapest.Price, "what is held does not count")
}

func tickets(t *testing.T, c *Catalogue, event string) []string {
	return ids(t, c, Query{Sort: Soonest, Event: event, Limit: 9}, noon)
}

// Whatever is asked for, in pages of whatever size, is what going through all tickets one by one finds.
func TestAnyQueryAmongMany(t *testing.T) {
	c := New()
	var all []ticket.Ticket
	for i := range 3 * few {
		tk := ticket.Ticket{ID: fmt.Sprintf("T%d", i), Title: fmt.Sprintf("Band %d", rand.N(20)), Price: money.Amount(rand.N(500)), CreatedAt: noon.Add(time.Duration(rand.N(1000)))}
		if rand.N(5) > 0 {
			tk.Occasion = at(rand.N(20)-5, fmt.Sprintf("Venue %d", rand.N(2)), []string{"Bern", "Genf"}[rand.N(2)])
		}
		tk.Withdrawn = rand.N(10) == 0
		c.Put(tk)
		all = append(all, tk)
	}
	for round := range 60 {
		now := noon
		if round%2 == 1 {
			c.Sweep(now)
		}
		q := Query{Sort: sorts[rand.N(4)], Limit: 1 + rand.N(200)}
		if rand.N(2) == 0 {
			q.Words = Words(fmt.Sprintf("band %d", rand.N(20)))
		}
		if rand.N(3) == 0 {
			q.City = "BERN"
		}
		if rand.N(3) == 0 {
			q.From = fmt.Sprintf("2026-05-%02d", 1+rand.N(15))
		}
		if rand.N(3) == 0 {
			q.To = fmt.Sprintf("2026-05-%02d", 1+rand.N(15))
		}
		var want []ticket.Ticket
		for _, tk := range all {
			have := Words(tk.Title + " " + tk.Venue + " " + tk.City)
			if tk.ForSale(now) && !slices.ContainsFunc(q.Words, func(w string) bool { return !slices.Contains(have, w) }) &&
				(q.City == "" || tk.City == "Bern") && (q.From == "" || tk.Day() >= q.From) && (q.To == "" || tk.Day() != "" && tk.Day() <= q.To) {
				want = append(want, tk)
			}
		}
		slices.SortFunc(want, func(a, b ticket.Ticket) int { return q.Sort.compare(&entry{ticket: a}, &entry{ticket: b}) })
		var wantIDs []string
		events, count := []string(nil), map[string]int{}
		for _, tk := range want {
			wantIDs = append(wantIDs, tk.ID)
			if count[tk.EventID()]++; count[tk.EventID()] == 1 {
				events = append(events, tk.EventID())
			}
		}
		require.Equal(t, wantIDs, ids(t, c, Query{Sort: q.Sort, Words: q.Words, City: q.City, From: q.From, To: q.To, Limit: max(q.Limit, 100)}, now), "%+v", q)
		var gotEvents []string
		for _, e := range eventsOf(t, c, q, now) {
			gotEvents = append(gotEvents, e.ID)
			require.Equal(t, count[e.ID], e.Tickets, "%+v", q)
		}
		require.Equal(t, events, gotEvents, "%+v", q)
	}
}

func BenchmarkDated(b *testing.B) {
	const n = 100_000
	c := New()
	for i := range n {
		c.Put(ticket.Ticket{ID: fmt.Sprint(i), Title: fmt.Sprintf("concert number%d", i%500), Price: money.Amount(i % 997), CreatedAt: noon.Add(time.Duration(i)), Occasion: at(1+i%365, fmt.Sprintf("Venue %d", i%3), fmt.Sprintf("City %d", i%50))})
	}
	for name, q := range map[string]Query{
		"soonest": {Sort: Soonest}, "a day": {Sort: Soonest, From: "2026-12-01", To: "2026-12-01"}, "a day by price": {Sort: Cheapest, From: "2026-12-01", To: "2026-12-01"},
		"a city": {Sort: Newest, City: "City 7"}, "nothing": {Sort: Cheapest, From: "2030-01-01"}, "an event": {Sort: Cheapest, Event: c.known["7"].ticket.EventID()},
	} {
		q.Limit = 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Page(q, noon)
			}
		})
		b.Run(name+", events", func(b *testing.B) {
			for b.Loop() {
				c.Events(q, noon)
			}
		})
	}
}
