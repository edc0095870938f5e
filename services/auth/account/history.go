package account

import (
	"slices"
	"time"
)

// What an account's owner can look up.
const (
	SignedUp        = "signed-up"
	SignedIn        = "signed-in"  // on a device that the account had seen
	NewDevice       = "new-device" // signed in on another
	SignedOut       = "signed-out-everywhere"
	Verified        = "verified"
	Forgotten       = "forgotten"
	PasswordChanged = "password-changed"
	PasswordReset   = "password-reset" // by a link
)

// Happened is something that happened to an account. Entries are added and never changed.
type Happened struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	Device string    `json:"device,omitempty"` // in words, when its owner, or who knew the password, did it
}

// How much is kept: the newest. What happens often, or what a stranger can make happen, pushes nothing else out.
const (
	mostHistory = 60
	mostOfKind  = 15
)

func (a *Account) note(now time.Time, what, device string) {
	a.History = append(a.History, Happened{At: now.Truncate(time.Millisecond), What: what, Device: device})
	alike := func(h Happened) bool { return h.What == what }
	count := 0
	for _, h := range a.History {
		if alike(h) {
			count++
		}
	}
	if count > mostOfKind {
		i := slices.IndexFunc(a.History, alike)
		a.History = slices.Delete(a.History, i, i+1)
	}
	a.History = a.History[max(0, len(a.History)-mostHistory):]
}
