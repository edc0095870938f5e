package main

import (
	"strings"
	"time"
	_ "time/tzdata" // a container need not have it

	"marketplace/shared/clock"
	"marketplace/shared/occasion"
)

// starts is when a ticket is good from, on the clock of its venue: UTC where no zone is known. Zero when nobody has said.
func starts(o occasion.Occasion) time.Time {
	if o.StartsAt.IsZero() {
		return time.Time{}
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		zone = time.UTC
	}
	return o.StartsAt.In(zone)
}

// day is the date at the venue: Sat 14 Mar 2026.
func day(o occasion.Occasion) string { return starts(o).Format("Mon 2 Jan 2006") }

// hour is the time at the venue, with its zone's short name: 19:30 CET. Zones without one go by their distance: 19:30 UTC-03.
func hour(o occasion.Occasion) string {
	at := starts(o)
	name, _ := at.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		name = "UTC" + name
	}
	return at.Format("15:04 ") + name
}

// place is where: the venue and its city, as far as they are known.
func place(o occasion.Occasion) string { return listed(", ", o.Venue, o.City) }

// seat is which place inside.
func seat(o occasion.Occasion) string {
	return listed(" · ", after("Section ", o.Section), after("Row ", o.Row), after("Seat ", o.Seat))
}

func after(name, what string) string {
	if what == "" {
		return ""
	}
	return name + what
}

func listed(between string, parts ...string) string {
	var known []string
	for _, part := range parts {
		if part != "" {
			known = append(known, part)
		}
	}
	return strings.Join(known, between)
}

// tone is a ticket's colour, and says which kind of day it is for; site.css has each. The day itself is always in words
// beside it.
func tone(o occasion.Occasion) string {
	if o.StartsAt.IsZero() {
		return "undated"
	}
	switch day := starts(o).Weekday(); day {
	case time.Friday, time.Saturday, time.Sunday:
		return strings.ToLower(day.String())
	}
	return "weekday"
}

// past tells whether it has begun: nobody buys it any more.
func past(o occasion.Occasion, now clock.Time) bool {
	return !o.StartsAt.IsZero() && !now.Before(o.StartsAt.Time)
}

// facts is all that is said of when and where, so that an open page can tell whether it still says the same.
func facts(o occasion.Occasion) string {
	if o.StartsAt.IsZero() {
		return listed("|", place(o), seat(o))
	}
	return strings.Join([]string{o.StartsAt.UTC().Format(time.RFC3339), o.Zone, place(o), seat(o)}, "|")
}
