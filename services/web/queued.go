package main

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"marketplace/services/web/queue"
	"marketplace/shared/admission"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// soonest and latest are when the page of the queue tries again. Who came first is let in first, but he has to be there.
const (
	soonest = 2 * time.Second
	latest  = 10 * time.Second
)

// secrets are fields that no page shows again, by what they are called: whoever filled them in does it once more.
var secrets = map[string]string{"password": "Password", "current": "Your password now", "farewell": "Password"}

// queued is what the page of the queue is made of.
type queued struct {
	Since   time.Duration // how long the visitor is in it, in whole seconds
	Seconds int           // until it tries again
	Form    bool          // a form was sent, to Action
	Action  string
	Kept    []filled
	Secrets []filled
	File    bool // one went with the form
}

// filled is one of a form, with what was typed into it or what it is called.
type filled struct{ Name, Value string }

// ByItself tells whether the page can send the form again without the visitor.
func (q queued) ByItself() bool { return len(q.Secrets) == 0 && !q.File }

// queueUp answers a visitor who cannot be served in time with a page that keeps his place and what he typed, and tries again.
func (s *site) queueUp(w http.ResponseWriter, r *http.Request, refusal error) error {
	v := visitOf(r.Context())
	_, wait := fault.Public(refusal)
	wait = min(max(wait, soonest), latest)
	data := queued{Seconds: int((wait + time.Second - 1) / time.Second)}
	if v.site != nil {
		class := s.classOf(r)
		v.setToken(class, s.queue.Keep(v.place, v.who(), admission.Classes[class]))
		data.Since = s.now().Sub(v.place.Arrived).Truncate(time.Second)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		data.Form, data.Action, data.File = true, r.URL.RequestURI(), v.file
		typed := r.PostForm
		if v.form != nil {
			typed = v.form
		}
		for _, name := range slices.Sorted(maps.Keys(typed)) {
			if secrets[name] != "" {
				continue
			}
			for _, value := range typed[name] {
				data.Kept = append(data.Kept, filled{name, value})
			}
		}
		for _, name := range secretsOf[r.URL.Path] {
			data.Secrets = append(data.Secrets, filled{name, secrets[name]})
		}
	}
	w.Header().Set("Retry-After", strconv.Itoa(data.Seconds))
	w.Header().Set("Referrer-Policy", "strict-origin") // the address may have a link's token in it
	return s.show(w, r, http.StatusServiceUnavailable, "queue", view{Title: "There is a queue", Here: "/", Data: data})
}

// secretsOf are the secrets that each form asks for.
var secretsOf = map[string][]string{
	"/signin": {"password"}, "/signup": {"password"}, "/reset": {"password"},
	"/account/password": {"current", "password"}, "/account/delete": {"farewell"},
}

// who is the visitor: places are not lent.
func (v *visit) who() string {
	if u := v.site.user(v.r); u != nil {
		return u.ID
	}
	return cmp.Or(api.Network(v.r.Header.Values("X-Forwarded-For")), "-")
}

// placeCookie is where a place in the queue for a class is kept.
func (s *site) placeCookie(class admission.Class) string {
	if s.https {
		return "__Host-queue-" + admission.Classes[class]
	}
	return "queue-" + admission.Classes[class]
}

// token is that of the place that a visitor brings, "" for none.
func (v *visit) token(class admission.Class) string {
	cookie, err := v.r.Cookie(v.site.placeCookie(class))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setToken has the browser keep it, or forget it.
func (v *visit) setToken(class admission.Class, token string) {
	cookie := http.Cookie{Name: v.site.placeCookie(class), Value: token, Path: "/", MaxAge: int(queue.Kept.Seconds()), HttpOnly: true, Secure: v.site.https, SameSite: http.SameSiteLaxMode}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, &cookie)
}
