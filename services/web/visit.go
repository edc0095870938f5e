package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"marketplace/services/web/queue"
	"marketplace/shared/admission"
	"marketplace/shared/api"
	"marketplace/shared/metrics"
)

// visit is one request of somebody's. It is let in at the door when it first asks a service for something, and has to itself
// what it asks after that; what web can answer alone needs nobody's leave.
type visit struct {
	site *site
	w    http.ResponseWriter
	r    *http.Request
	form url.Values // what a form with a file in it has besides
	file bool       // there was one

	mu      sync.Mutex
	leave   func(admission.Outcome)
	refused error
	place   queue.Place
	behind  bool // a service said that it was too much
}

type visitKey struct{}

// visitOf is the visit that a request to a service is part of; one that belongs to nobody's is good for nothing but asking.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// visits makes each request a visit. A page that listens is none: it lasts minutes, and asks once.
func (s *site) visits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/live" {
			next.ServeHTTP(w, r)
			return
		}
		counted := &metrics.StatusWriter{ResponseWriter: w, Status: http.StatusInternalServerError} // of a panic
		v := &visit{site: s, w: w}
		v.r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		defer func() { v.end(counted.Status) }()
		next.ServeHTTP(counted, v.r)
	})
}

// admit stands before the services: it lets a visit in when its turn has come.
func (s *site) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		if v.site == nil {
			counted := &metrics.StatusWriter{ResponseWriter: w, Status: http.StatusInternalServerError}
			v = &visit{site: s, w: w, r: r}
			defer func() { v.end(counted.Status) }()
			w = counted
		}
		if err := v.enter(r.Context()); err != nil {
			w.Header().Set("Cache-Control", noStore)
			api.Fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// enter waits until v is let in. Who was refused once is for as long as the visit lasts.
func (v *visit) enter(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leave != nil || v.refused != nil {
		return v.refused
	}
	class := v.site.classOf(v.r)
	token, who := v.token(class), ""
	if token != "" {
		who = v.who()
	}
	v.place = v.site.queue.Find(token, who, admission.Classes[class])
	v.leave, v.refused = v.site.door.Enter(ctx, admission.Visit{Class: class, Kind: kindOf(v.r), Arrived: v.place.Arrived})
	if v.refused == nil && token != "" {
		v.site.queue.Use(v.place)
		v.setToken(class, "")
	}
	return v.refused
}

// end takes in what was answered.
func (v *visit) end(status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leave == nil {
		return
	}
	switch {
	case v.behind:
		v.leave(admission.TooMuch)
	case status >= http.StatusInternalServerError:
		v.leave(admission.Apart)
	default:
		v.leave(admission.Answered)
	}
}

// tooMuch takes in that a service was asked for more than it can do.
func (v *visit) tooMuch() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.behind = true
}

// carries takes in what came with a form with a file in it.
func (v *visit) carries(f url.Values, file bool) { v.form, v.file = f, file }

// classOf says what a request is for. Whoever has begun something is signed in.
func (s *site) classOf(r *http.Request) admission.Class {
	switch {
	case r.URL.Path == "/api/payments/webhook":
		return admission.Finish
	case finishes(r) && s.user(r) != nil:
		return admission.Finish
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return admission.Look
	}
	return admission.Begin
}

// finishes tells whether a request is about what was begun: an order, its payment, what gets one in, and what people decide
// about them.
func finishes(r *http.Request) bool {
	path := r.URL.Path
	for _, begun := range []string{"/api/orders/", "/api/payments", "/api/handovers/", "/api/contents/", "/orders/", "/desk"} {
		if strings.HasPrefix(path, begun) {
			return true
		}
	}
	return strings.HasPrefix(path, "/tickets/") && strings.HasSuffix(path, "/content")
}

// kindOf is a request's method and the part of the site or the API that it is for.
func kindOf(r *http.Request) string {
	if services[prefixOf(r.URL.Path)] != "" {
		return r.Method + " " + prefixOf(r.URL.Path)
	}
	part, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return r.Method + " /" + part
}
