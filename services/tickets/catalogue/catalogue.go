// Package catalogue is the shop window: every ticket that can be bought, in memory, in the orders people ask for, and by the
// event that it is for. A page
// costs the same with a hundred tickets and with a hundred thousand. At worst, when thousands match and stand last in the
// order asked for, it costs a short look at each ticket: two milliseconds for a hundred thousand.
//
// It is a projection: what it shows may be a moment old, and nothing is decided by it.
package catalogue

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"marketplace/services/tickets/ticket"
)

// Sort is an order to list tickets in.
type Sort string

// The orders there are. Equals come newest first.
const (
	Newest   Sort = "new"
	Cheapest Sort = "price"
	Dearest  Sort = "-price"
	Soonest  Sort = "date" // what has no start comes last
)

// Catalogue is safe for concurrent use.
type Catalogue struct {
	mu     sync.RWMutex
	known  map[string]*entry // by ticket id, sold ones too: they must not come back
	all    []*entry          // the same, as they came
	sorted map[Sort][]*entry // those that stand: not sold, withdrawn or swept out
	words  map[string]*word  // the same, by each of their texts
}

// entry is a ticket. What most are told apart by comes first: a search may look at each of them.
type entry struct {
	words  []*word
	day    int    // of the start, as 20270718; 0 without one
	place  uint32 // in Catalogue.all
	stands bool   // in every order, and under its words
	event  *word  // that of them which its event has to itself, nil for a ticket that is one by itself
	ticket ticket.Ticket
}

// word is where a text occurs: places, in ascending order. Numbers side by side are compared fast, and so it does not
// take long to find out that words which many tickets have never meet.
type word struct {
	text   string
	places []uint32
}

// New is an empty catalogue.
func New() *Catalogue {
	return &Catalogue{
		known:  map[string]*entry{},
		sorted: map[Sort][]*entry{Newest: nil, Cheapest: nil, Dearest: nil, Soonest: nil},
		words:  map[string]*word{},
	}
}

// compare orders entries as sort says; it never calls two tickets equal.
func (s Sort) compare(a, b *entry) int {
	first := 0
	switch s {
	case Cheapest:
		first = cmp.Compare(a.ticket.Price, b.ticket.Price)
	case Dearest:
		first = cmp.Compare(b.ticket.Price, a.ticket.Price)
	case Soonest:
		first = compareStarts(a.ticket.StartsAt.Time, b.ticket.StartsAt.Time)
	}
	return cmp.Or(first, b.ticket.CreatedAt.Compare(a.ticket.CreatedAt), cmp.Compare(a.ticket.ID, b.ticket.ID))
}

func compareStarts(a, b time.Time) int {
	switch {
	case a.IsZero() == b.IsZero():
		return a.Compare(b)
	case a.IsZero():
		return 1
	}
	return -1
}

// Put takes in a ticket, as far as it does not know better.
func (c *Catalogue) Put(t ticket.Ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.known[t.ID]; old != nil {
		t = old.ticket.Newest(t)
	}
	c.replace(t)
}

// Follow takes in what orders says of a ticket's sale. A ticket that it does not know is put in with its sale later.
func (c *Catalogue) Follow(id string, news ticket.Sale) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.known[id]; old != nil {
		t := old.ticket
		t.Follow(news)
		c.replace(t)
	}
}

func (c *Catalogue) replace(t ticket.Ticket) {
	e := c.known[t.ID]
	switch {
	case e == nil:
		e = &entry{ticket: t, place: uint32(len(c.all))}
		c.known[t.ID] = e
		c.all = append(c.all, e)
	case e.standsLike(t):
		e.ticket = t
		return
	default:
		if e.stands {
			c.remove(e)
		}
		e.ticket = t
	}
	if !t.Sold && !t.Withdrawn {
		c.insert(e)
	}
}

func (c *Catalogue) insert(e *entry) {
	for sort, entries := range c.sorted {
		at, _ := slices.BinarySearchFunc(entries, e, sort.compare)
		c.sorted[sort] = slices.Insert(entries, at, e)
	}
	for _, text := range texts(e.ticket) {
		w := c.words[text]
		if w == nil {
			w = &word{text: text}
			c.words[text] = w
		}
		at, _ := slices.BinarySearch(w.places, e.place)
		w.places = slices.Insert(w.places, at, e.place)
		e.words = append(e.words, w)
	}
	e.stands, e.day = true, dayOf(e.ticket.Day())
	if e.day != 0 {
		e.event = e.words[len(e.words)-1]
	}
}

// Texts that are no words, for there is a space in each: what is found by a city or an event as a whole.
func cityText(city string) string { return "city " + ticket.Fold(city) }
func eventText(id string) string  { return "event " + id }

// texts are what a ticket is found by, the event's last.
func texts(t ticket.Ticket) []string {
	all := Words(t.Title + " " + t.Venue + " " + t.City)
	if t.City != "" {
		all = append(all, cityText(t.City))
	}
	if !t.StartsAt.IsZero() {
		all = append(all, eventText(t.EventID()))
	}
	return all
}

func (c *Catalogue) remove(e *entry) {
	for sort, entries := range c.sorted {
		if at, found := slices.BinarySearchFunc(entries, e, sort.compare); found {
			c.sorted[sort] = slices.Delete(entries, at, at+1)
		}
	}
	for _, w := range e.words {
		if at, found := slices.BinarySearch(w.places, e.place); found {
			w.places = slices.Delete(w.places, at, at+1)
		}
		if len(w.places) == 0 {
			delete(c.words, w.text)
		}
	}
	e.leave()
}

func (e *entry) leave() { e.stands, e.words, e.event, e.day = false, nil, nil, 0 }

// dayOf is a date such as 2027-07-18 as a number, 0 for none.
func dayOf(date string) int {
	day, _ := strconv.Atoi(strings.ReplaceAll(date, "-", ""))
	return day
}

// Sweep takes out what has started. Pages do not show it anyhow: this is so that they need not look at it. However much
// starts at the same moment, each order and each word is gone through once.
func (c *Catalogue) Sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := startedBy(c.sorted[Soonest], now)
	if n == 0 {
		return
	}
	gone := slices.Clone(c.sorted[Soonest][:n])
	touched := map[*word]bool{}
	for _, e := range gone {
		for _, w := range e.words {
			touched[w] = true
		}
		e.leave()
	}
	for sort, entries := range c.sorted {
		c.sorted[sort] = slices.DeleteFunc(entries, func(e *entry) bool { return !e.stands })
	}
	for w := range touched {
		w.places = slices.DeleteFunc(w.places, func(place uint32) bool { return !c.all[place].stands })
		if len(w.places) == 0 {
			delete(c.words, w.text)
		}
	}
}

// startedBy is how many of entries, in the order Soonest, have started.
func startedBy(entries []*entry, now time.Time) int {
	n, _ := slices.BinarySearchFunc(entries, now, func(e *entry, now time.Time) int {
		if e.ticket.Started(now) {
			return -1
		}
		return 1
	})
	return n
}

// Words takes a text or a query apart: lower case, letters and digits, each word once.
func Words(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(words)
	return slices.Compact(words)
}

// standsLike tells whether t has the same place in every order and under every word.
func (e *entry) standsLike(t ticket.Ticket) bool {
	return e.ticket.Title == t.Title && e.ticket.Price == t.Price && e.ticket.CreatedAt.Equal(t.CreatedAt) && e.ticket.Sold == t.Sold &&
		e.ticket.Withdrawn == t.Withdrawn && e.ticket.Occasion.Is(t.Occasion)
}
