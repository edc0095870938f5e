// Package overdue is what operators have done about an order that does not end. Pure rules.
package overdue

import (
	"time"

	"marketplace/services/desk/letter"
	"marketplace/shared/fault"
)

// Overdue is an order that somebody has looked at. What was noted of it is added to and never changed.
type Overdue struct {
	OrderID  string        `json:"orderId"`
	TicketID string        `json:"ticketId"`
	Title    string        `json:"title"`
	Until    time.Time     `json:"until"` // its deadline
	Notes    []letter.Note `json:"notes"`
}

const mostNotes = 60

// What notes are of.
const (
	Looked letter.Step = "looked" // an operator had orders look at it again
	Found  letter.Step = "found"  // what came of it
)

// Look notes that an operator has orders look at it again. It returns Refused for one that was looked at too often.
func (o *Overdue) Look(by string, at time.Time) error {
	if len(o.Notes) >= mostNotes {
		return fault.New(fault.Refused, "This was looked at too often: looking does not help it").Named(fault.CaseSettled)
	}
	o.Notes = append(o.Notes, letter.Note{At: at.Truncate(time.Millisecond), By: by, What: Looked})
	return nil
}

// Find notes what came of it.
func (o *Overdue) Find(words string, at time.Time) {
	o.Notes = append(o.Notes, letter.Note{At: at.Truncate(time.Millisecond), What: Found, Words: words})
}
