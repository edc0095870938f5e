package events

import (
	"fmt"
	"slices"

	"marketplace/shared/clock"
)

// Types of Account.
const (
	AccountCreated         = "account.created"          // signed up: the address is to be verified
	AccountVerifying       = "account.verifying"        // the link is to be sent once more
	AccountVerified        = "account.verified"         // the address is the owner's
	AccountForgotten       = "account.forgotten"        // somebody asked for a link to choose a new password
	AccountPasswordChanged = "account.password-changed" // by the owner, or by such a link
	AccountSignedIn        = "account.signed-in"        // on a device that the account had not seen
	AccountDeleted         = "account.deleted"
)

// Account is something that happened to an account, published by auth. No address, link or secret is in it: who has to write
// to the owner asks auth.
type Account struct {
	ID      string     `json:"id"`      // the user's
	Version int64      `json:"version"` // one more with each of these
	News    string     `json:"news"`    // what happened, the type's last word
	At      clock.Time `json:"at"`
	Device  string     `json:"device,omitempty"` // of a sign-in, in words: Firefox on Linux
}

func (Account) Topic() string { return AccountsTopic }
func (Account) Types() []string {
	return []string{AccountCreated, AccountVerifying, AccountVerified, AccountForgotten, AccountPasswordChanged, AccountSignedIn, AccountDeleted}
}
func (a Account) check() error {
	if !slices.Contains(a.Types(), accountPrefix+a.News) {
		return fmt.Errorf("news %q is none of an account", a.News)
	}
	return require(a.Version, field{"id", a.ID})
}
func (a Account) describe() header { return header{accountPrefix + a.News, a.ID, edition(a.Version)} }

const accountPrefix = "account."
