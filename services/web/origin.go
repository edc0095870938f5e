package main

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// sameOrigin refuses whatever changes something when another site's page asked for it (Sec-Fetch-Site, Origin). Programs
// send neither header and pass.
func sameOrigin(s *site, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal := fault.New(fault.Refused, "This request came from another site").Named(fault.CrossOrigin)
		if !wantsPage(r) {
			api.Fail(w, r, refusal)
			return
		}
		s.fail(w, r, http.StatusForbidden, refusal)
	}))
	return guard.Handler(next)
}

// tidy answers for paths that are not in their plain form, instead of redirecting to what they might mean.
func tidy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" || path.Clean(r.URL.Path) != r.URL.Path || strings.ContainsAny(r.URL.Path, "\\\x00") {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				api.Fail(w, r, fault.UnknownRoute())
				return
			}
			r.URL.Path, r.URL.RawPath = "/-", "" // nowhere
		}
		next.ServeHTTP(w, r)
	})
}

// wantsPage tells a person's browser from a program.
func wantsPage(r *http.Request) bool {
	return prefixOf(r.URL.Path) != "/api" && !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// local is next when it leads to a page of this site, else the front page: nobody is sent to another site after signing in.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}

// here is the page that the visitor looks at, or sent a form from.
func here(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return local(r.URL.RequestURI())
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return local(from.RequestURI())
}
