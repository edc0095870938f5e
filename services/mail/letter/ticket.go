package letter

import (
	"cmp"
	"strings"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// ticket is what stands on the ticket in a letter.
type ticket struct {
	Title  string
	Lines  []string // when, where, which seat
	Price  string
	Number string // of the order
}

func (d Desk) ticketOf(n News) *ticket {
	switch {
	case n.Order != nil:
		t := n.Order.Ticket
		return d.printed(n.Order.ID, t.Title, t.Price, t.Occasion)
	case n.Handover != nil:
		t := n.Handover.Ticket
		return d.printed(n.Handover.ID, t.Title, t.Price, t.Occasion)
	}
	return nil
}

func (d Desk) printed(order, title string, price money.Amount, o occasion.Occasion) *ticket {
	t := &ticket{Title: cmp.Or(said(title), "A ticket"), Price: d.Currency.Print(price), Number: order}
	if !o.StartsAt.IsZero() {
		t.Lines = append(t.Lines, when(o.StartsAt, o.Zone))
	}
	for _, line := range []string{joined(", ", o.Venue, o.City), joined(" · ", named("Section ", o.Section), named("Row ", o.Row), named("Seat ", o.Seat))} {
		if line != "" {
			t.Lines = append(t.Lines, said(line))
		}
	}
	return t
}

func named(name, value string) string {
	if value = strings.TrimSpace(value); value == "" {
		return ""
	}
	return name + value
}

func joined(between string, parts ...string) string {
	var there []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			there = append(there, p)
		}
	}
	return strings.Join(there, between)
}

// when is a time as it is on the clock of the venue, or in UTC where that is not known.
func when(t clock.Time, zone string) string {
	return t.In(placeOf(zone)).Format("Monday 2 January 2006, 15:04 MST")
}

// clockOf is when without the day, for what is minutes away.
func clockOf(t clock.Time, zone string) string { return t.In(placeOf(zone)).Format("15:04 MST") }

func placeOf(zone string) *time.Location {
	if place, err := time.LoadLocation(zone); err == nil && zone != "Local" {
		return place
	}
	return time.UTC
}
