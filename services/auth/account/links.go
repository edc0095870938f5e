package account

import (
	"slices"
	"time"

	"marketplace/shared/fault"
)

// Purpose is what a link that is mailed opens.
type Purpose string

// All there are.
const (
	Verify Purpose = "verify" // shows that the address is the owner's
	Reset  Purpose = "reset"  // lets him choose a new password
)

// How long a link is good.
const (
	verifyFor = 48 * time.Hour
	ResetFor  = 30 * time.Minute
	mostLinks = 5 // of a purpose at a time: whoever asks again may open the first letter all the same
)

// Link is one that may be opened. The news of its version asks for the letter; no token of it is kept.
type Link struct {
	Purpose Purpose   `json:"purpose"`
	Version int64     `json:"version"`
	Until   time.Time `json:"until"`
}

// LinkOver is the refusal of a link, whyever: used up, too old, forged.
func LinkOver() *fault.Error {
	return fault.New(fault.Refused, "This link is used up, or its time is over. Ask for a new one").Named(fault.LinkOver)
}

// AskVerify has the link that verifies sent once more.
func (a *Account) AskVerify(now time.Time) error {
	if a.Verified() {
		return fault.New(fault.Refused, "Your address is verified already").Named(fault.AddressVerified)
	}
	a.tell(verifying, "", now)
	a.addLink(Verify, verifyFor, now)
	return nil
}

// Forget has a link sent by which a new password can be chosen.
func (a *Account) Forget(now time.Time) {
	a.tell(forgotten, "", now)
	a.addLink(Reset, ResetFor, now)
	a.note(now, Forgotten, "")
}

// Open is the link of a version while it may be opened, false when it may not.
func (a *Account) Open(p Purpose, version int64, now time.Time) (Link, bool) {
	for _, l := range a.Links {
		if l.Purpose == p && l.Version == version && now.Before(l.Until) {
			return l, !a.Gone()
		}
	}
	return Link{}, false
}

// Confirm takes the address for the owner's: he has opened a link that was sent there, inside if he was signed in to the account.
// Whoever was not may be somebody whose address a stranger has signed up with. A second time changes nothing. It returns Refused
// when the link is over.
func (a *Account) Confirm(version int64, inside bool, now time.Time) error {
	if a.Verified() && !a.Gone() {
		return nil
	}
	if _, open := a.Open(Verify, version, now); !open {
		return LinkOver()
	}
	a.Sure = inside
	a.confirm(now)
	return nil
}

// Vouch is Confirm by an operator, without a link.
func (a *Account) Vouch(now time.Time) error {
	if a.Gone() {
		return fault.NoSuchThing()
	}
	a.Sure = true
	if !a.Verified() {
		a.confirm(now)
	}
	return nil
}

func (a *Account) confirm(now time.Time) {
	a.VerifiedAt = now
	a.dropLinks(Verify)
	a.note(now, Verified, "")
	a.tell(verified, "", now)
}

// Choose sets a new password by a link, once: every session ends, and no other link of its kind opens anything. Whoever has
// opened it reads the address's mail, so that is verified too. It returns Refused when the link is over.
func (a *Account) Choose(version int64, hash string, now time.Time) error {
	if _, open := a.Open(Reset, version, now); !open {
		return LinkOver()
	}
	a.choose(hash)
	a.Sure = true
	if !a.Verified() {
		a.VerifiedAt = now
		a.dropLinks(Verify)
	}
	a.note(now, PasswordReset, "")
	a.tell(passwordChanged, "", now)
	return nil
}

func (a *Account) addLink(p Purpose, lasts time.Duration, now time.Time) {
	a.Links = slices.DeleteFunc(a.Links, func(l Link) bool { return !now.Before(l.Until) })
	a.Links = append(a.Links, Link{Purpose: p, Version: a.Version, Until: now.Add(lasts).Truncate(time.Second)})
	of := 0
	for i := len(a.Links) - 1; i >= 0; i-- {
		if a.Links[i].Purpose != p {
			continue
		}
		if of++; of > mostLinks {
			a.Links = slices.Delete(a.Links, i, i+1)
		}
	}
}

func (a *Account) dropLinks(p Purpose) {
	a.Links = slices.DeleteFunc(a.Links, func(l Link) bool { return l.Purpose == p })
}
