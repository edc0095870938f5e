// Package account is what can happen to an account. Pure rules: time comes in, nothing goes out.
package account

import (
	"time"

	"marketplace/services/auth/user"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// Account is one person. It is kept under the hash of the address, so that one address cannot have two accounts, in
// whatever race.
type Account struct {
	ID        string     `json:"id"`
	Email     user.Email `json:"email"`
	Password  string     `json:"password"` // argon2id, as auth's hash makes it
	CreatedAt time.Time  `json:"createdAt"`

	VerifiedAt time.Time `json:"verifiedAt,omitzero"`  // when its owner showed that the address is his
	Sure       bool      `json:"sure,omitempty"`       // who knows the password reads the address's mail: it is not enough that somebody does
	DeletedAt  time.Time `json:"deletedAt,omitzero"`   // nobody's any more: all but the id and the latest news is gone
	Generation int       `json:"generation,omitempty"` // of its sessions: the earlier ones are over
	Findable   bool      `json:"findable,omitempty"`   // by its id; not those from before that was asked for

	Version int64      `json:"version,omitempty"` // one more with each News
	News    News       `json:"news,omitzero"`
	Links   []Link     `json:"links,omitempty"`
	History []Happened `json:"history,omitempty"`
}

// News is what others are told of an account, as events.Account has it.
type News struct {
	What   string    `json:"what"`
	At     time.Time `json:"at"`
	Device string    `json:"device,omitempty"`

	Generation int `json:"generation,omitempty"` // of the account's sessions then
}

// New is an account that is being made.
func New(id string, email user.Email, password, device string, now time.Time) Account {
	a := Account{ID: id, Email: email, Password: password, CreatedAt: now, Findable: true}
	a.News = News{What: created, At: now.Truncate(time.Millisecond)}
	a.Links = []Link{{Purpose: Verify, Until: now.Add(verifyFor)}}
	a.note(now, SignedUp, device)
	return a
}

// Is tells whether this is the account of an id: it may have been deleted, and another made under its address.
func (a *Account) Is(id string) bool { return a.ID == id && id != "" && a.DeletedAt.IsZero() }

// Gone tells whether the address is free.
func (a *Account) Gone() bool { return a.ID == "" || !a.DeletedAt.IsZero() }

// Verified tells whether the address is its owner's.
func (a *Account) Verified() bool { return !a.VerifiedAt.IsZero() }

// SignIn notes a sign-in. password is the hash that was proven: when it is another by now, that proof is worth nothing. It is
// news on a device that the account had not seen.
func (a *Account) SignIn(password, device string, known bool, now time.Time) error {
	if a.Gone() || a.Password != password {
		return fault.New(fault.Refused, "Invalid credentials").Named(fault.InvalidCredentials)
	}
	if known {
		a.note(now, SignedIn, device)
		return nil
	}
	a.note(now, NewDevice, device)
	if a.News.What == signedIn && a.News.Device == device && a.News.Generation == a.Generation && now.Sub(a.News.At) < newsOnceIn {
		return nil
	}
	a.tell(signedIn, device, now)
	return nil
}

// newsOnceIn is how long a sign-in with the same kind of device is the same news: a program that keeps no cookie is on a new one
// each time.
const newsOnceIn = 5 * time.Minute

// ChangePassword has a new hash take the place of the one that was proven. Every session ends, and no link opens anything
// any more but the one that verifies the address.
func (a *Account) ChangePassword(proven, next, device string, now time.Time) error {
	if a.Gone() || a.Password != proven {
		return fault.New(fault.Refused, "Invalid credentials").Named(fault.InvalidCredentials)
	}
	a.choose(next)
	a.note(now, PasswordChanged, device)
	a.tell(passwordChanged, "", now)
	return nil
}

// choose sets a password.
func (a *Account) choose(hash string) {
	a.Password = hash
	a.Generation++
	a.dropLinks(Reset)
}

// SignOutEverywhere ends every session that there is, and makes strangers of the devices.
func (a *Account) SignOutEverywhere(device string, now time.Time) {
	a.Generation++
	a.note(now, SignedOut, device)
}

// Delete leaves of an account that it was one. Its address is free.
func (a *Account) Delete(proven string, now time.Time) error {
	if a.Gone() || a.Password != proven {
		return fault.New(fault.Refused, "Invalid credentials").Named(fault.InvalidCredentials)
	}
	*a = Account{ID: a.ID, CreatedAt: a.CreatedAt, DeletedAt: now, Version: a.Version}
	a.tell(deleted, "", now)
	return nil
}

// The last words of the types of events.Account.
var (
	created         = last(events.AccountCreated)
	verifying       = last(events.AccountVerifying)
	verified        = last(events.AccountVerified)
	forgotten       = last(events.AccountForgotten)
	passwordChanged = last(events.AccountPasswordChanged)
	signedIn        = last(events.AccountSignedIn)
	deleted         = last(events.AccountDeleted)
)

func last(kind string) string { return kind[len("account."):] }

func (a *Account) tell(what, device string, now time.Time) {
	a.Version++
	a.News = News{What: what, At: now.Truncate(time.Millisecond), Device: device, Generation: a.Generation}
}
