package catalogue

import (
	"iter"
	"math"
	"slices"
	"time"

	"marketplace/services/tickets/ticket"
)

// Query asks for a page.
type Query struct {
	Sort     Sort
	Words    []string       // all of them must be in title, venue or city
	City     string         // "" for any
	Event    string         // its id, "" for any
	From, To string         // the first and the last day, on the calendar of the venue, as 2027-07-18; "" for any
	After    *ticket.Ticket // the last ticket of the page before, nil for the first page; its sort keys are enough
	Limit    int
}

// Page returns tickets that can be bought now, and whether there are more.
func (c *Catalogue) Page(q Query, now time.Time) (page []ticket.Ticket, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for e := range c.matches(q, now) {
		if len(page) == q.Limit {
			return page, true
		}
		page = append(page, e.ticket)
	}
	return page, false
}

// Event is what tickets that stand together are for.
type Event struct {
	ID       string
	Tickets  int           // how many can be bought
	Cheapest ticket.Ticket // of them
	First    ticket.Ticket // of them, in the order asked for: it says where the event stands, and where the next page begins
}

// Events is Page for the events that the tickets are for: each stands where the first of its tickets does.
func (c *Catalogue) Events(q Query, now time.Time) (page []Event, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	match, known := c.matcher(q, now)
	if !known {
		return nil, false
	}
	seen := map[*word]bool{}
	for e := range c.matches(q, now) {
		found := Event{Tickets: 1, Cheapest: e.ticket, First: e.ticket}
		if e.event != nil {
			if seen[e.event] {
				continue
			}
			seen[e.event] = true
			var first *entry
			if found, first = c.event(e.event, q.Sort, match); first != e {
				continue // it stood on a page before
			}
		}
		if len(page) == q.Limit {
			return page, true
		}
		found.ID = e.ticket.EventID()
		page = append(page, found)
	}
	return page, false
}

// event is the event that has a word to itself, as far as its tickets match.
func (c *Catalogue) event(w *word, sort Sort, match func(*entry) bool) (found Event, first *entry) {
	var cheapest *entry
	for _, place := range w.places {
		e := c.all[place]
		if !match(e) {
			continue
		}
		found.Tickets++
		if first == nil || sort.compare(e, first) < 0 {
			first = e
		}
		if cheapest == nil || Cheapest.compare(e, cheapest) < 0 {
			cheapest = e
		}
	}
	found.First, found.Cheapest = first.ticket, cheapest.ticket
	return found, first
}

// matches are the entries that a query asks for, from where its page begins.
func (c *Catalogue) matches(q Query, now time.Time) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		alone := c.known[q.Event]
		if alone != nil && alone.event == nil { // an event by itself is under no word of its own
			q.Event = ""
		}
		match, known := c.matcher(q, now)
		if !known {
			return
		}
		words, _ := c.find(q.texts())
		entries := c.candidates(q.Sort, words)
		if alone != nil && alone.event == nil {
			entries = []*entry{alone}
		}
		if q.Sort == Soonest {
			entries = q.within(entries, now)
		}
		if q.After != nil {
			at, found := slices.BinarySearchFunc(entries, &entry{ticket: *q.After}, q.Sort.compare)
			if found {
				at++
			}
			entries = entries[at:]
		}
		for _, e := range entries {
			if match(e) && !yield(e) {
				return
			}
		}
	}
}

// matcher tells what a query asks for from the rest. Not known is one that nothing can match.
func (c *Catalogue) matcher(q Query, now time.Time) (match func(*entry) bool, known bool) {
	words, known := c.find(q.texts())
	from, to := dayOf(q.From), dayOf(q.To)
	if to == 0 {
		to = math.MaxInt
	} else if from == 0 {
		from = 1 // what has no day is before none
	}
	return func(e *entry) bool {
		return e.day >= from && e.day <= to && e.has(words) && e.ticket.ForSale(now)
	}, known
}

// texts are what all that a query asks for are found by.
func (q Query) texts() []string {
	all := q.Words
	if q.City != "" {
		all = append(all[:len(all):len(all)], cityText(q.City))
	}
	if q.Event != "" {
		all = append(all[:len(all):len(all)], eventText(q.Event))
	}
	return all
}

// within cuts from entries, in the order Soonest, what has started, and what begins on another day wherever its venue is.
func (q Query) within(entries []*entry, now time.Time) []*entry {
	const furthest = 26 * time.Hour // no clock is further from UTC than that, and then some
	from := now
	if day, err := time.Parse(time.DateOnly, q.From); err == nil && day.Add(-furthest).After(now) {
		from = day.Add(-furthest)
	}
	entries = entries[startedBy(entries, from):]
	if day, err := time.Parse(time.DateOnly, q.To); err == nil {
		entries = entries[:startedBy(entries, day.Add(24*time.Hour+furthest))]
	}
	return entries
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
