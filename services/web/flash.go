package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"marketplace/shared/fault"
)

// flash is what the page that a form leads to says about what the form did. It travels in a cookie: the address stays one
// that can be reloaded and shared. News is said once; a refusal stays for one reload, because it is read less gladly.
type flash struct {
	For   string   `json:"for"`             // the path of the page that says it
	Done  string   `json:"done,omitempty"`  // one of done
	Wrong []string `json:"wrong,omitempty"` // why it was not done
	Again int      `json:"again,omitempty"` // how often it is said once more
}

// done is what a page may be told to say about what was just done.
var done = map[string]string{
	"listed":    "Your ticket is listed. We will show you here the moment somebody takes it.",
	"enclosed":  "Your ticket is listed, with what gets one in. We will show you here the moment somebody takes it.",
	"bare":      "Your ticket is listed, but nothing is attached to it yet.",
	"edited":    "Your changes are on the market.",
	"kept":      "Your changes are kept.",
	"withdrawn": "It is off the market. You can list it again.",
	"again":     "It is on the market again.",
	"signedout": "You are signed out.",
	"attached":  "It is attached. Nobody sees it but you, and the buyer once it is paid.",
	"reported":  "It is reported. Somebody looks at it and decides.",
	"welcome":   "Welcome! You are signed in.",

	"upheld":    "It is decided. The buyer gets the money back.",
	"dismissed": "It is decided. The seller keeps the money.",
	"looked":    "The card network was asked again. What it said stands with the payment, or below if that settled it.",
	"settled":   "It is settled, in your words.",
	"replayed":  "The event is on its way again. If it cannot be handled this time either, it comes back here.",
	"dropped":   "The event is dropped. Nobody will see it again.",
	"ended":     "The order was looked at again. What came of it stands with it, or below if it has ended.",

	"forgotten":    "If that address has an account, a letter with a link is on its way.",
	"reset":        "Your new password is good. Sign in with it.",
	"verified":     "Your address is verified.",
	"verification": "A letter with a link is on its way.",
	"password":     "Your password is changed. Your other devices are signed out.",
	"everywhere":   "You are signed out everywhere. It takes up to a minute.",
	"deleted":      "Your account is deleted. Goodbye.",
}

// flashFor is how many seconds a page may take to be shown.
const flashFor = 300

// flashWords bounds what the cookie holds.
const flashWords = 500

// flashCookie is the cookie's name. Nobody signs it: over HTTPS the prefix keeps every host but ours from setting it, and
// its words are text on the visitor's own page.
func (s *site) flashCookie() string {
	if s.https {
		return "__Host-flash"
	}
	return "flash"
}

// lead leads from a form to a page, which says once what was done.
func (s *site) lead(w http.ResponseWriter, r *http.Request, path, what string) error {
	s.setFlash(w, &flash{For: pathOf(path), Done: what})
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// leadBack leads from a form that was refused to the page it stood on, which says why. Errors that the visitor can do
// nothing about there are returned.
func (s *site) leadBack(w http.ResponseWriter, r *http.Request, path string, refusal error) error {
	if !mendable(refusal) {
		return refusal
	}
	return s.leadTo(w, r, path, "", refusal)
}

// leadTo leads to a page that says what was done, and why the rest was not.
func (s *site) leadTo(w http.ResponseWriter, r *http.Request, path, what string, refusal error) error {
	f := flash{For: pathOf(path), Done: what, Again: 1}
	words, _ := fault.Public(refusal)
	for _, word := range words {
		f.Wrong = append(f.Wrong, word.Message[:min(len(word.Message), flashWords/len(words))])
	}
	s.setFlash(w, &f)
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

func pathOf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return path
}

// flashed is what this page has to say, and has the browser forget it. A part of a page that is fetched anew says nothing.
func (s *site) flashed(w http.ResponseWriter, r *http.Request) flash {
	var f flash
	cookie, err := r.Cookie(s.flashCookie())
	if err != nil || r.Method != http.MethodGet || r.Header.Get("X-Region") != "" {
		return f
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(raw, &f) != nil {
		s.setFlash(w, nil)
		return flash{}
	}
	if f.For != r.URL.Path {
		return flash{} // another page's, in another window
	}
	if f.Again > 0 {
		s.setFlash(w, &flash{For: f.For, Wrong: f.Wrong})
	} else {
		s.setFlash(w, nil)
	}
	return f
}

func (s *site) setFlash(w http.ResponseWriter, f *flash) {
	cookie := http.Cookie{Name: s.flashCookie(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode}
	if f != nil {
		raw, _ := json.Marshal(f) // plain data: always marshals
		cookie.Value, cookie.MaxAge = base64.RawURLEncoding.EncodeToString(raw), flashFor
	}
	http.SetCookie(w, &cookie)
}
