// Package occasion is what a ticket lets one into: when, where, and which seat. Every service that says something of a ticket
// says it in these fields. All are optional: the course's clients name none.
package occasion

import (
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// Occasion is when and where a ticket is good, and for which seat.
type Occasion struct {
	StartsAt  clock.Time   `json:"startsAt,omitzero"`
	Zone      string       `json:"zone,omitempty"` // where StartsAt is on the clock of the venue: a name of the IANA time zone database
	Venue     string       `json:"venue,omitempty"`
	City      string       `json:"city,omitempty"`
	Section   string       `json:"section,omitempty"`
	Row       string       `json:"row,omitempty"`
	Seat      string       `json:"seat,omitempty"`
	FaceValue money.Amount `json:"faceValue,omitempty"` // what was printed on the ticket, in the market's currency
}

// Check returns Invalid, naming the field, for what cannot be offered now. A start needs its zone, and a zone its start: an
// instant alone does not tell what the clock at the venue says.
func (o Occasion) Check(now time.Time) error {
	switch {
	case !o.StartsAt.IsZero() && o.Zone == "":
		return fault.InField("zone", "Zone is required with a start")
	case o.StartsAt.IsZero() && o.Zone != "":
		return fault.InField("startsAt", "Start is required with a zone")
	case o.Started(now):
		return fault.InField("startsAt", "The start has passed")
	}
	return nil
}

// Started tells whether it is too late to sell or to pay. What has no start never starts.
func (o Occasion) Started(now time.Time) bool {
	return !o.StartsAt.IsZero() && !now.Before(o.StartsAt.Time)
}

// Day is the date of the start on the calendar of the venue, as 2027-07-18; "" without a start.
func (o Occasion) Day() string {
	if o.StartsAt.IsZero() {
		return ""
	}
	place, err := time.LoadLocation(o.Zone)
	if err != nil { // of a later database than ours
		place = time.UTC
	}
	return o.StartsAt.In(place).Format(time.DateOnly)
}

// Is tells whether two occasions are the same in every field.
func (o Occasion) Is(other Occasion) bool {
	same := o.StartsAt.Equal(other.StartsAt.Time)
	o.StartsAt, other.StartsAt = clock.Time{}, clock.Time{}
	return same && o == other
}
