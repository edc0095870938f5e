package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"marketplace/services/tickets/ticket"
)

// Count tells how many tickets it knows that can be bought now, are held, and are sold. What is withdrawn or has started is
// none of these.
func (c *Catalogue) Count(now time.Time) (free, held, sold int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, e := range c.all {
		switch {
		case e.ticket.Sold:
			sold++
		case e.ticket.ForSale(now):
			free++
		case !e.ticket.Available(now):
			held++
		}
	}
	return free, held, sold
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

// Longest returns what Overdue does, those first that have been over longest, with the tickets they hold. more says that there are
// others.
func (c *Catalogue) Longest(then time.Time, most int) (held []ticket.Ticket, more bool) {
	c.mu.RLock()
	for _, e := range c.all {
		if e.ticket.Overdue(then) {
			held = append(held, e.ticket)
		}
	}
	c.mu.RUnlock()
	slices.SortFunc(held, func(a, b ticket.Ticket) int {
		return cmp.Or(a.HeldUntil.Compare(b.HeldUntil), strings.Compare(a.ID, b.ID))
	})
	kept := held[:min(len(held), most)]
	return kept, len(kept) < len(held)
}
