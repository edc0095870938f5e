// Package catalogue is the shop window: every ticket that can be bought, in memory, in the orders people ask for. A page
// costs the same with a hundred tickets and with a hundred thousand.
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
	known  map[string]*entry   // by ticket id, sold ones too: they must not come back
	sorted map[Sort][]*entry   // those not sold
	words  map[string][]*entry // the same, by each word of their titles
}

type entry struct {
	ticket ticket.Ticket
	words  []string
}

// New is an empty catalogue.
func New() *Catalogue {
	return &Catalogue{
		known:  map[string]*entry{},
		sorted: map[Sort][]*entry{Newest: nil, Cheapest: nil, Dearest: nil},
		words:  map[string][]*entry{},
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
	if old := c.known[t.ID]; old != nil {
		if old.standsLike(t) {
			old.ticket = t
			return
		}
		c.remove(old)
	}
	e := &entry{ticket: t, words: Words(t.Title)}
	c.known[t.ID] = e
	if !t.Sold {
		c.insert(e)
	}
}

func (c *Catalogue) insert(e *entry) {
	for sort, entries := range c.sorted {
		at, _ := slices.BinarySearchFunc(entries, e, sort.compare)
		c.sorted[sort] = slices.Insert(entries, at, e)
	}
	for _, w := range e.words {
		c.words[w] = append(c.words[w], e)
	}
}

func (c *Catalogue) remove(e *entry) {
	for sort, entries := range c.sorted {
		if at, found := slices.BinarySearchFunc(entries, e, sort.compare); found {
			c.sorted[sort] = slices.Delete(entries, at, at+1)
		}
	}
	for _, w := range e.words {
		entries := c.words[w]
		if at := slices.Index(entries, e); at >= 0 {
			last := len(entries) - 1
			entries[at], entries[last] = entries[last], nil
			c.words[w] = entries[:last]
		}
		if len(c.words[w]) == 0 {
			delete(c.words, w)
		}
	}
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
	entries := c.candidates(q)
	from := 0
	if q.After != nil {
		at, found := slices.BinarySearchFunc(entries, &entry{ticket: *q.After}, q.Sort.compare)
		from = at
		if found {
			from++
		}
	}
	for _, e := range entries[from:] {
		if !e.ticket.Available(now) || !e.has(q.Words) {
			continue
		}
		if len(page) == q.Limit {
			return page, true
		}
		page = append(page, e.ticket)
	}
	return page, false
}

// few is how many matches it pays to sort. With more, walking through all tickets in their order finds a page sooner.
const few = 2000

// candidates returns entries in the query's order, among them every match.
func (c *Catalogue) candidates(q Query) []*entry {
	all := c.sorted[q.Sort]
	if len(q.Words) == 0 {
		return all
	}
	rarest := c.words[q.Words[0]]
	for _, w := range q.Words[1:] {
		if len(c.words[w]) < len(rarest) {
			rarest = c.words[w]
		}
	}
	if len(rarest) > few {
		return all
	}
	matches := slices.Clone(rarest)
	slices.SortFunc(matches, q.Sort.compare)
	return matches
}

// standsLike tells whether t has the same place in every order and under every word.
func (e *entry) standsLike(t ticket.Ticket) bool {
	return e.ticket.Title == t.Title && e.ticket.Price == t.Price && e.ticket.CreatedAt.Equal(t.CreatedAt) && e.ticket.Sold == t.Sold
}

func (e *entry) has(words []string) bool {
	for _, w := range words {
		if _, found := slices.BinarySearch(e.words, w); !found {
			return false
		}
	}
	return true
}
