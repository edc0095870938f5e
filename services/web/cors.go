package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"marketplace/shared/service"
)

// origins are the other sites whose scripts may use the API. They show a bearer token: cookies are for our own pages alone.
type origins []string

// Decode reads the setting: origins as browsers write them, with commas between them.
func (o *origins) Decode(setting string) error {
	*o = nil
	if setting == "" {
		return nil
	}
	for one := range strings.SplitSeq(setting, ",") {
		one = strings.TrimSpace(one)
		u, err := url.Parse(one)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || one != strings.ToLower(u.Scheme+"://"+u.Host) ||
			u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
			return fmt.Errorf("%q is no origin, such as https://app.example", one)
		}
		*o = append(*o, one)
	}
	return nil
}

const (
	methodsFromElsewhere = "DELETE, GET, HEAD, POST, PUT"
	headersFromElsewhere = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
	readElsewhere        = "ETag, Idempotency-Replayed, Link, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, " + service.RequestID
)

// letIn lets scripts of these origins use the API, as whom their token says. For everything else, and everybody else, it is
// sameOrigin.
func (o origins) letIn(next http.Handler, s *site) http.Handler {
	guarded := sameOrigin(s, next)
	if len(o) == 0 {
		return guarded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			guarded.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !slices.Contains(o, origin) || ours(r, origin) {
			guarded.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", methodsFromElsewhere)
			w.Header().Set("Access-Control-Allow-Headers", headersFromElsewhere)
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Access-Control-Expose-Headers", readElsewhere)
		r.Header.Del("Cookie") // a site next door has them sent along
		next.ServeHTTP(withoutCookies{w}, r)
	})
}

// ours tells whether a request comes from our own pages, however we are called today.
func ours(r *http.Request, origin string) bool {
	_, host, _ := strings.Cut(origin, "://")
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" || host == r.Host
}

// withoutCookies signs nobody in on our pages.
type withoutCookies struct{ http.ResponseWriter }

func (w withoutCookies) WriteHeader(status int) {
	w.Header().Del("Set-Cookie")
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the real writer.
func (w withoutCookies) Unwrap() http.ResponseWriter { return w.ResponseWriter }
