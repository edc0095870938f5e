package main

import (
	"bytes"
	"cmp"
	"net/http"
	"runtime/debug"
	"strconv"

	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
	"marketplace/shared/trace"
)

// page shows something to a person, or returns why not.
type page func(w http.ResponseWriter, r *http.Request) error

// view is what every template gets.
type view struct {
	Title string
	User  *session.User // nil for a visitor who is not signed in
	Here  string        // where we are, to come back to after signing in
	Now   clock.Time
	Done  string // what the visitor has just done, in words
	Form  form
	Data  any // the page's own
}

// page runs p and answers for it when it returns an error or panics.
func (s *site) page(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if broken := recover(); broken != nil {
				s.log.Error("panic", "panic", broken, "request", r.Header.Get(service.RequestID), "path", r.URL.Path, "stack", string(debug.Stack()))
				s.fail(w, r, http.StatusInternalServerError, nil)
			}
		}()
		trace.Is(r.Context(), r.Pattern)
		err := p(w, r)
		switch {
		case err == nil:
		case fault.Status(err) == http.StatusUnauthorized && s.user(r) == nil:
			_ = signInFor(w, r, here(r))
		case fault.CodeOf(err) == fault.Overloaded:
			if err := s.queueUp(w, r, err); err != nil {
				s.fail(w, r, http.StatusInternalServerError, err)
			}
		case fault.Status(err) == http.StatusUnauthorized: // somebody else's: as good as nothing
			s.fail(w, r, http.StatusNotFound, nil)
		default:
			s.fail(w, r, fault.Status(err), err)
		}
	})
}

// user is who is signed in, nil for nobody.
func (s *site) user(r *http.Request) *session.User {
	u, err := s.sessions.User(r)
	if err != nil {
		return nil
	}
	return &u
}

// signedIn refuses visitors who are not; page sends them to sign in.
func (s *site) signedIn(r *http.Request) error {
	_, err := s.sessions.User(r)
	return err
}

// show answers with a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	said := s.flashed(w, r)
	v.User, v.Now, v.Done = s.user(r), clock.At(s.now()), done[said.Done]
	v.Here = cmp.Or(v.Here, here(r))
	for _, words := range said.Wrong {
		v.Form.Wrong = append(v.Form.Wrong, fault.Field{Message: words})
	}
	var out bytes.Buffer
	if err := s.look.write(&out, name, v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	body := out.Bytes()
	if squeezable(r, v.User != nil) {
		body = squeeze(w, r, body)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor is gone: nobody left to tell
	return nil
}

// fail answers with a page that says what went wrong and where to go from here.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	if status >= http.StatusInternalServerError && err != nil {
		s.log.Error("page failed", "path", r.URL.Path, "status", status, "error", err, "request", r.Header.Get(service.RequestID))
	}
	var words []fault.Field
	if err != nil {
		words, _ = fault.Public(err)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	data := map[string]any{"Status": status, "Words": words, "Request": r.Header.Get(service.RequestID)}
	if err := s.show(w, r, status, "wrong", view{Title: "Something is not right", Data: data}); err != nil {
		s.log.Error("error page", "error", err)
		api.Fail(w, r, err)
	}
}

// nowhere answers for paths that lead nowhere.
func (s *site) nowhere(w http.ResponseWriter, r *http.Request) error {
	if !wantsPage(r) {
		api.Fail(w, r, fault.UnknownRoute())
		return nil
	}
	return fault.UnknownRoute()
}

// words is a page that says the same to everybody.
func (s *site) words(name, title string) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.show(w, r, http.StatusOK, name, view{Title: title, Data: map[string]any{"Support": s.support, "Cards": s.stripe != ""}})
	}
}
