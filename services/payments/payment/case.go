package payment

import (
	"slices"
	"strings"
	"time"

	"marketplace/shared/fault"
)

// Case is something about the payment for an order that no repetition puts right: a person must see to it. What was noted of
// it is added to and never changed.
type Case struct {
	ID       string    `json:"id"`
	OrderID  string    `json:"orderId"`
	Kind     Kind      `json:"kind"`
	StripeID string    `json:"stripeId,omitempty"` // the charge that it is about, when that is not the payment's own
	Reason   string    `json:"reason"`             // the latest
	Since    time.Time `json:"since"`
	Settled  time.Time `json:"settled,omitzero"`
	Told     []string  `json:"told,omitempty"` // what it was opened for: nothing opens it twice
	Notes    []Note    `json:"notes,omitempty"`
}

// Kind of a case.
type Kind string

const (
	Open     Kind = "open"     // the card network does not say whether it has charged
	Unmade   Kind = "unmade"   // it refuses to charge, and not for the card's sake
	Refund   Kind = "refund"   // the money does not go back
	Stray    Kind = "stray"    // nor does that of an attempt that was given up
	Disputed Kind = "disputed" // the card's owner wants it back from his bank
	Unknown  Kind = "unknown"  // a charge for no payment that we know
)

// Kinds are all there are.
var Kinds = []Kind{Open, Unmade, Refund, Stray, Disputed, Unknown}

// Note is one line of what was done about a case.
type Note struct {
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"` // an operator's user id, "" for the service
	What  Step      `json:"what"`
	Words string    `json:"words,omitempty"`
}

// Step is what a note is of.
type Step string

const (
	Told    Step = "told"    // why it needs a person
	Looked  Step = "looked"  // an operator had the card network asked again
	Found   Step = "found"   // what came of it
	Done    Step = "done"    // an operator says that it is settled, and how
	Settled Step = "settled" // it is
)

const (
	mostTold  = 20
	mostNotes = 60
	longest   = 500 // characters of a reason that somebody else has written
)

// CaseID names the one case of its kind that an order has.
func CaseID(k Kind, orderID string) string { return string(k) + "-" + orderID }

// Tell opens the case, or opens it again, for what subject names. The same subject opens it once. It tells whether it was news.
func (c *Case) Tell(k Kind, orderID, stripeID, subject, why string, now time.Time) bool {
	if slices.Contains(c.Told, subject) {
		return false
	}
	now = now.Truncate(time.Millisecond)
	if c.ID == "" || !c.Settled.IsZero() {
		c.Since = now
	}
	c.ID, c.OrderID, c.Kind, c.StripeID, c.Reason, c.Settled = CaseID(k, orderID), orderID, k, stripeID, clip(why), time.Time{}
	c.Told = append(c.Told, subject)
	c.Told = c.Told[max(len(c.Told)-mostTold, 0):]
	c.note(Note{At: now, What: Told, Words: c.Reason})
	return true
}

// Look notes that an operator has the card network asked again. It returns Refused for a case that is settled, and for one that
// was looked at too often.
func (c *Case) Look(by string, now time.Time) error {
	if err := c.workable(); err != nil {
		return err
	}
	if len(c.Notes) >= mostNotes {
		return fault.New(fault.Refused, "This was looked at too often. Settle it at the card network, and say so here").Named(fault.CaseSettled)
	}
	c.note(Note{At: now.Truncate(time.Millisecond), By: by, What: Looked})
	return nil
}

// Find notes what a look has found, and settles the case if there is nothing left to do.
func (c *Case) Find(words string, over bool, now time.Time) {
	now = now.Truncate(time.Millisecond)
	c.note(Note{At: now, What: Found, Words: clip(words)})
	if over {
		c.settle(now)
	}
}

// Say notes that an operator has settled the case by hand, and how. The same words again change nothing.
func (c *Case) Say(by, words string, now time.Time) error {
	if !c.Settled.IsZero() && c.said(by, words) {
		return nil
	}
	if err := c.workable(); err != nil {
		return err
	}
	if !c.said(by, words) { // he may have said so, and we have died since
		c.note(Note{At: now.Truncate(time.Millisecond), By: by, What: Done, Words: words})
	}
	return nil
}

// Settle ends the case, once.
func (c *Case) Settle(now time.Time) {
	if c.Settled.IsZero() {
		c.settle(now.Truncate(time.Millisecond))
	}
}

// Over tells whether there is nothing left to do: it was settled, or has settled itself as far as the payment shows. p is nil
// when there is none.
func (c *Case) Over(p *Payment) bool {
	switch {
	case !c.Settled.IsZero():
		return true
	case c.Kind == Open:
		return p != nil && p.Status != Pending
	case c.Kind == Refund:
		return p != nil && p.Status != Refunding
	}
	return false
}

// ByHand notes that the buyer has his money back in another way than by his card: an operator says so.
func (p *Payment) ByHand(now time.Time) {
	if p.Status == Refunding {
		p.Returned("by-hand", now)
	}
}

// Again has a charge that did not go back asked for once more.
func (p *Payment) Again() {
	if p.Status == Refunding {
		p.Trouble = ""
	}
}

func (c *Case) settle(now time.Time) {
	c.Settled = now
	c.note(Note{At: now, What: Settled})
}

func (c *Case) workable() error {
	switch {
	case c.ID == "":
		return fault.NoSuchThing()
	case !c.Settled.IsZero():
		return fault.New(fault.Refused, "This is settled already").Named(fault.CaseSettled)
	}
	return nil
}

// said tells whether the latest word of an operator is this one.
func (c *Case) said(by, words string) bool {
	for _, n := range slices.Backward(c.Notes) {
		if n.What == Done {
			return n.By == by && n.Words == words
		}
	}
	return false
}

func (c *Case) note(n Note) { c.Notes = append(c.Notes, n) }

func clip(words string) string {
	kept := []rune(strings.ToValidUTF8(words, ""))
	return string(kept[:min(len(kept), longest)])
}

// Words are an operator's without the spaces around them. The complaint about them is "" when there is none.
func Words(text string) (kept, complaint string) {
	switch kept = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); {
	case kept == "":
		return "", "Say what was done"
	case len([]rune(kept)) > longest:
		return "", "That is too long: at most 500 characters"
	case strings.ContainsFunc(kept, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufffd' }):
		return "", "There are characters in them that nobody can read"
	}
	return kept, ""
}
