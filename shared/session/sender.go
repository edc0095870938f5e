package session

import "net/http"

// Sender is the id of who is signed in, with User's error when nobody is.
func (v *Verifier) Sender(r *http.Request) (string, error) {
	u, err := v.User(r)
	return u.ID, err
}
