// Package occasion is what a ticket lets one into: when, where, and which seat. Every service that says something of a ticket
// says it in these fields. All are optional: the course's clients name none.
package occasion

import (
	"marketplace/shared/clock"
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
