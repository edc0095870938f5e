package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/fault"
)

func (s *site) signUpForm(w http.ResponseWriter, r *http.Request) error {
	return s.enterForm(w, r, "signup", "Sign up")
}

func (s *site) signInForm(w http.ResponseWriter, r *http.Request) error {
	return s.enterForm(w, r, "signin", "Sign in")
}

func (s *site) enterForm(w http.ResponseWriter, r *http.Request, name, title string) error {
	next := local(r.URL.Query().Get("next"))
	if s.user(r) != nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.show(w, r, http.StatusOK, name, view{Title: title, Form: form{Typed: url.Values{"next": {next}}}})
}

// signUp makes an account. Whoever has one already, and knows its password, is signed in: the form may have been sent twice.
func (s *site) signUp(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodPost, "/api/users/signup", credentials(f), nil)
	if fault.KindOf(err) == fault.Refused && len(f.Get("password")) > 0 {
		if again, known := s.ask(r, http.MethodPost, "/api/users/signin", credentials(f), nil); known == nil {
			header, err = again, nil
		}
	}
	return s.enter(w, r, "signup", "Sign up", f, header, err)
}

// signIn checks a password.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	header, err := s.ask(r, http.MethodPost, "/api/users/signin", credentials(f), nil)
	return s.enter(w, r, "signin", "Sign in", f, header, err)
}

func credentials(f url.Values) map[string]string {
	return map[string]string{"email": f.Get("email"), "password": f.Get("password")}
}

// enter brings the visitor to where he wanted to be before he had to sign in, with the cookie that auth gave him.
func (s *site) enter(w http.ResponseWriter, r *http.Request, name, title string, f url.Values, header http.Header, err error) error {
	if err != nil {
		f.Del("password") // never sent back
		return s.again(w, r, name, view{Title: title, Form: form{Typed: f}}, err)
	}
	passCookie(w, header)
	http.Redirect(w, r, local(f.Get("next")), http.StatusSeeOther)
	return nil
}

// signOut ends the session in this browser.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	header, err := s.ask(r, http.MethodPost, "/api/users/signout", struct{}{}, nil)
	if err != nil {
		return err
	}
	passCookie(w, header)
	return s.lead(w, r, "/", "signedout")
}

func passCookie(w http.ResponseWriter, header http.Header) {
	for _, cookie := range header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
}
