package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// me is what the API tells its owner of an account.
type me struct {
	ID        string     `json:"id"`
	Email     string     `json:"email"`
	Verified  bool       `json:"verified"`
	CreatedAt clock.Time `json:"createdAt"`
	History   []struct {
		At     clock.Time `json:"at"`
		What   string     `json:"what"`
		Device string     `json:"device"`
	} `json:"history"`
}

// happened says in words what is in an account's history. A word that the site does not know yet is said as it is.
var happened = map[string]string{
	"signed-up":             "The account was made",
	"signed-in":             "Signed in",
	"new-device":            "Signed in on a new device",
	"signed-out-everywhere": "Signed out everywhere",
	"verified":              "The address was verified",
	"forgotten":             "A link to choose a new password was asked for",
	"password-changed":      "The password was changed",
	"password-reset":        "A new password was chosen by a link",
}

// account shows a visitor's account, and what can be done to it.
func (s *site) account(w http.ResponseWriter, r *http.Request) error {
	return s.accountAgain(w, r, form{}, nil)
}

// accountAgain shows the account once more when a form on it was refused, with what err says about it.
func (s *site) accountAgain(w http.ResponseWriter, r *http.Request, f form, err error) error {
	if err != nil && !mendable(err) {
		return err
	}
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data me
	if _, err := s.ask(r, http.MethodGet, "/api/users/me", nil, &data); err != nil {
		if fault.Status(err) != http.StatusUnauthorized {
			return err
		}
		return signInFor(w, r, "/account") // auth knows sooner than we do that the session is over
	}
	status := http.StatusOK
	if err != nil {
		f.Wrong, _ = fault.Public(err)
		status = fault.Status(err)
	}
	return s.show(w, r, status, "account", view{Title: "My account", Here: "/account", Form: f, Data: data})
}

// changePassword chooses another password; the other devices are signed out.
func (s *site) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodPost, "/api/users/password", map[string]string{"current": f.Get("current"), "password": f.Get("password")}, nil)
	if err != nil {
		return s.accountAgain(w, r, form{}, err)
	}
	passCookie(w, header)
	return s.lead(w, r, "/account", "password")
}

// askVerification sends the link that verifies once more.
func (s *site) askVerification(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.ask(r, http.MethodPost, "/api/users/verification", struct{}{}, nil); err != nil {
		return s.accountAgain(w, r, form{}, err)
	}
	return s.lead(w, r, "/account", "verification")
}

// signOutEverywhere ends the visitor's sessions on every device.
func (s *site) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	header, err := s.ask(r, http.MethodPost, "/api/users/signout-everywhere", struct{}{}, nil)
	if err != nil {
		return s.accountAgain(w, r, form{}, err)
	}
	passCookie(w, header)
	return s.lead(w, r, "/signin", "everywhere")
}

// deleteAccount ends the visitor's account.
func (s *site) deleteAccount(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodDelete, "/api/users/me", map[string]string{"password": f.Get("farewell")}, nil)
	if err != nil {
		return s.accountAgain(w, r, form{}, renamed(err, "password", "farewell"))
	}
	passCookie(w, header)
	return s.lead(w, r, "/", "deleted")
}

// renamed is a refusal that calls a field what the page calls it.
func renamed(err error, from, to string) error {
	words, _ := fault.Public(err)
	for i := range words {
		if words[i].Field == from {
			words[i].Field = to
		}
	}
	return &fault.Error{Kind: fault.KindOf(err), Fields: words, Cause: err}
}

// wellKnownPassword leads password managers to where a password is changed.
func (s *site) wellKnownPassword(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/account#password", http.StatusSeeOther)
	return nil
}

// forgotForm asks for the address of an account whose password is forgotten.
func (s *site) forgotForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, "forgot", view{Title: "Forgot your password?", Here: "/"})
}

// forgot has a link sent, and says so whether there is such an account or not.
func (s *site) forgot(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	v := view{Title: "Forgot your password?", Here: "/", Form: form{Typed: url.Values{"email": {f.Get("email")}}}}
	if _, err := s.ask(r, http.MethodPost, "/api/users/forgot", map[string]string{"email": f.Get("email")}, nil); err != nil {
		return s.again(w, r, "forgot", v, err)
	}
	return s.lead(w, r, "/signin", "forgotten")
}
