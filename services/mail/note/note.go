// Package note is what is remembered of a mail: what it has to say, to whom, and whether it has left. Pure rules.
package note

import (
	"crypto/sha256"
	"encoding/base32"
	"time"

	"marketplace/services/mail/letter"
)

// Kept is how long a note lives after its last change: longer than a broker keeps an event, so that one that comes again is
// known, and than any mail is tried for.
const Kept = 8 * 24 * time.Hour

// State is what has become of a mail.
type State string

const (
	Waiting State = "waiting"
	Sent    State = "sent"
	Dropped State = "dropped" // for a reason that stays: see Note.Why
)

// Note is one mail. Its address is in no note: it is asked for when the mail leaves, and so are links that open an account.
type Note struct {
	letter.News
	Promised time.Time `json:"promised"`
	State    State     `json:"state"`
	Why      string    `json:"why,omitempty"`
	Unsure   int       `json:"unsure,omitempty"` // how often it was handed over and nobody knows whether it was taken
}

// ID names the note of a mail: the same for the same news, however often it comes.
func ID(n letter.News) string {
	sum := sha256.Sum256([]byte(n.Once()))
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15])
}

// Late tells whether a mail says nothing worth knowing any more.
func (n Note) Late(now time.Time) bool {
	if until := n.Until(); !until.IsZero() && !now.Before(until) {
		return true
	}
	return now.Sub(n.Promised) >= n.Kind.Lasts()
}

// Pause is the time before try, the first of which is 1: longer with each.
func Pause(try int) time.Duration {
	return min(5*time.Second<<min(max(try-1, 0), 10), 10*time.Minute)
}
