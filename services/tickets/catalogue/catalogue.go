// Package catalogue is the shop window: every ticket that can be bought, in memory, in the orders people ask for. A page
// costs the same with a hundred tickets and with a hundred thousand. At worst, when thousands match and stand last in the
// order asked for, it costs a short look at each ticket: two milliseconds for a hundred thousand.
//
// It is a projection: what it shows may be a moment old, and nothing is decided by it.
package catalogue

import (
	"cmp"
	"slices"
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
)

// Catalogue is safe for concurrent use.
type Catalogue struct {
	mu     sync.RWMutex
	known  map[string]*entry // by ticket id, sold ones too: they must not come back
	all    []*entry          // the same, as they came
	sorted map[Sort][]*entry // those not sold
	words  map[string]*word  // the same, by each word of their titles
}

type entry struct {
	ticket ticket.Ticket
	place  uint32 // in Catalogue.all
	words  []*word
}

// word is where a word occurs: places, in ascending order. Numbers side by side are compared fast, and so it does not
// take long to find out that words which many titles have never meet.
type word struct{ places []uint32 }

// New is an empty catalogue.
func New() *Catalogue {
	return &Catalogue{
		known:  map[string]*entry{},
		sorted: map[Sort][]*entry{Newest: nil, Cheapest: nil, Dearest: nil},
		words:  map[string]*word{},
	}
}

// compare orders entries as sort says; it never calls two tickets equal.
func (s Sort) compare(a, b *entry) int {
	byPrice := 0
	switch s {
	case Cheapest:
		byPrice = cmp.Compare(a.ticket.Price, b.ticket.Price)
	case Dearest:
		byPrice = cmp.Compare(b.ticket.Price, a.ticket.Price)
	}
	return cmp.Or(byPrice, b.ticket.CreatedAt.Compare(a.ticket.CreatedAt), cmp.Compare(a.ticket.ID, b.ticket.ID))
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
		c.remove(e)
		e.ticket = t
	}
	if !t.Sold {
		c.insert(e)
	}
}

func (c *Catalogue) insert(e *entry) {
	for sort, entries := range c.sorted {
		at, _ := slices.BinarySearchFunc(entries, e, sort.compare)
		c.sorted[sort] = slices.Insert(entries, at, e)
	}
	for _, text := range Words(e.ticket.Title) {
		w := c.words[text]
		if w == nil {
			w = &word{}
			c.words[text] = w
		}
		at, _ := slices.BinarySearch(w.places, e.place)
		w.places = slices.Insert(w.places, at, e.place)
		e.words = append(e.words, w)
	}
}

func (c *Catalogue) remove(e *entry) {
	for sort, entries := range c.sorted {
		if at, found := slices.BinarySearchFunc(entries, e, sort.compare); found {
			c.sorted[sort] = slices.Delete(entries, at, at+1)
		}
	}
	for _, text := range Words(e.ticket.Title) {
		w := c.words[text]
		if w == nil {
			continue // sold before: it is in no order and under no word
		}
		if at, found := slices.BinarySearch(w.places, e.place); found {
			w.places = slices.Delete(w.places, at, at+1)
		}
		if len(w.places) == 0 {
			delete(c.words, text)
		}
	}
	e.words = nil
}

// Words takes a title or a query apart: lower case, letters and digits, each word once.
func Words(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(words)
	return slices.Compact(words)
}

// Query asks for a page.
type Query struct {
	Sort  Sort
	Words []string       // all of them must be in the title
	After *ticket.Ticket // the last ticket of the page before, nil for the first page; its sort keys are enough
	Limit int
}

// Page returns tickets that can be bought now, and whether there are more.
func (c *Catalogue) Page(q Query, now time.Time) (page []ticket.Ticket, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	words, known := c.find(q.Words)
	if !known {
		return nil, false
	}
	entries := c.candidates(q.Sort, words)
	from := 0
	if q.After != nil {
		at, found := slices.BinarySearchFunc(entries, &entry{ticket: *q.After}, q.Sort.compare)
		from = at
		if found {
			from++
		}
	}
	for _, e := range entries[from:] {
		if !e.ticket.Available(now) || !e.has(words) {
			continue
		}
		if len(page) == q.Limit {
			return page, true
		}
		page = append(page, e.ticket)
	}
	return page, false
}

// Count tells how many tickets it knows that can be bought now, are held, and are sold.
func (c *Catalogue) Count(now time.Time) (free, held, sold int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, e := range c.all {
		switch {
		case e.ticket.Sold:
			sold++
		case e.ticket.Available(now):
			free++
		default:
			held++
		}
	}
	return free, held, sold
}

// These returns the tickets with the ids, in their order, sold and held ones too, without those that it does not know.
func (c *Catalogue) These(ids []string) []ticket.Ticket {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var tickets []ticket.Ticket
	for _, id := range ids {
		if e := c.known[id]; e != nil {
			tickets = append(tickets, e.ticket)
		}
	}
	return tickets
}

// Overdue returns orders whose hold had ended by then, and of whose end it has not heard: at most so many of them, from
// some place on. Who begins anywhere sees to all of them in the end.
func (c *Catalogue) Overdue(then time.Time, from, most int) (orderIDs []string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := range c.all {
		e := c.all[(from%len(c.all)+i)%len(c.all)]
		if len(orderIDs) == most {
			break
		}
		if e.ticket.Overdue(then) {
			orderIDs = append(orderIDs, e.ticket.OrderID)
		}
	}
	return orderIDs
}

// find looks words up, the rarest first. One that is in no title is not known.
func (c *Catalogue) find(texts []string) (words []*word, known bool) {
	for _, text := range texts {
		w := c.words[text]
		if w == nil {
			return nil, false
		}
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b *word) int { return cmp.Compare(len(a.places), len(b.places)) })
	return words, true
}

// few is how many matches it pays to sort. With more, walking through all tickets in their order finds a page sooner.
const few = 2000

// candidates returns entries in the order sort, among them every match.
func (c *Catalogue) candidates(sort Sort, words []*word) []*entry {
	places, areFew := meet(words)
	if !areFew {
		return c.sorted[sort]
	}
	matches := make([]*entry, len(places))
	for i, place := range places {
		matches[i] = c.all[place]
	}
	slices.SortFunc(matches, sort.compare)
	return matches
}

// meet finds the places of all of words, if they are few.
func meet(words []*word) (places []uint32, areFew bool) {
	switch len(words) {
	case 0:
		return nil, false
	case 1:
		return words[0].places, len(words[0].places) <= few
	}
	others := make([][]uint32, len(words)-1)
	for i := range others {
		others[i] = words[i+1].places
	}
next:
	for _, place := range words[0].places {
		for i := range others {
			others[i] = from(others[i], place)
			if len(others[i]) == 0 {
				return places, true
			}
			if others[i][0] != place {
				continue next
			}
		}
		if len(places) == few {
			return nil, false
		}
		places = append(places, place)
	}
	return places, true
}

// from is the part of places that does not lie before place.
func from(places []uint32, place uint32) []uint32 {
	step := 1
	for step < len(places) && places[step] < place {
		step *= 2
	}
	at, _ := slices.BinarySearch(places[:min(step+1, len(places))], place)
	return places[at:]
}

// standsLike tells whether t has the same place in every order and under every word.
func (e *entry) standsLike(t ticket.Ticket) bool {
	return e.ticket.Title == t.Title && e.ticket.Price == t.Price && e.ticket.CreatedAt.Equal(t.CreatedAt) && e.ticket.Sold == t.Sold
}

func (e *entry) has(words []*word) bool {
	for _, w := range words {
		if !slices.Contains(e.words, w) {
			return false
		}
	}
	return true
}
