package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// services says which service answers for which part of the API.
var services = map[string]string{
	"/api/users":     "auth",
	"/api/tickets":   "tickets",
	"/api/sales":     "tickets",
	"/api/events":    "tickets",
	"/api/orders":    "orders",
	"/api/payments":  "payments",
	"/api/handovers": "handover",
	"/api/contents":  "handover",
	"/api/desk":      "desk",
}

// passOn passes a request to the service that answers for its path, by service invocation. Before it stands what may answer
// in the service's place, the first outermost: it gets requests with bodies of bounded size that a sidecar can pass on.
func passOn(sidecar *dapr.Sidecar, log *slog.Logger, before ...func(http.Handler) http.Handler) http.Handler {
	target, err := url.Parse(sidecar.Base())
	if err != nil {
		panic(err) // made from a port number
	}
	var next http.Handler = &httputil.ReverseProxy{
		Transport: sidecar.Transport(),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Method = passedMethod(r.In.Method)
			r.Out.Header.Set("dapr-app-id", services[prefixOf(r.In.URL.Path)])
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // the doorman has seen to it
		},
		ModifyResponse: inOurWords,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Warn("sidecar does not answer", "path", r.URL.Path, "error", err)
			w.Header().Set("Cache-Control", noStore)
			api.Fail(w, r, fault.Down(err, "Please try again in a moment"))
		},
	}
	for _, stand := range slices.Backward(before) {
		next = stand(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !pathForm.MatchString(r.URL.EscapedPath()) || path.Clean(r.URL.Path) != r.URL.Path {
			api.Fail(w, r, fault.UnknownRoute())
			return
		}
		if !utf8.ValidString(r.URL.RawQuery) {
			api.Fail(w, r, fault.New(fault.Invalid, "The query is malformed"))
			return
		}
		if key := r.Header.Get(service.IdempotencyKey); key != "" && r.Method == http.MethodPost {
			if err := service.CheckKey(key); err != nil { // here, as it came: passed on, two keys might become one
				api.Fail(w, r, err)
				return
			}
		}
		r.Header = passedOn(r)
		if headSize(r) > headLimit {
			api.Fail(w, r, fault.New(fault.Invalid, "The address or a header is too long"))
			return
		}
		body, err := api.BodyUpTo(w, r, bodyLimit(w, r))
		if err != nil {
			api.Fail(w, r, err)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		w.Header().Del("Cache-Control") // the answer says
		next.ServeHTTP(w, r)
	})
}

// pathForm is what a path of the API is made of. No id needs escaping: what does is an attempt to get somewhere else, or
// what a sidecar fails on.
var pathForm = regexp.MustCompile(`^[A-Za-z0-9._~/-]+$`)

// passedMethod is what a service is asked for. HEAD is GET, so that it is answered alike; net/http leaves the body out. A
// sidecar makes POST of a method that it does not know: TRACE is none of ours either, and is refused for what it is.
func passedMethod(method string) string {
	switch method {
	case http.MethodHead:
		return http.MethodGet
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return http.MethodTrace
}

// headLimit bounds what a sidecar is sent before the body. A sidecar takes no more than 8 KiB, its own headers included.
const headLimit = 6 << 10

// longestAgent is how much of a User-Agent auth looks at.
const longestAgent = 512

// passedOn is what services read of a request's head. Who calls, and with what token, is for the sidecar to say; and one
// byte that does not belong in a header, or is not UTF-8, would make it fail. The forms of the site fill in some of it.
func passedOn(r *http.Request) http.Header {
	head := http.Header{}
	for _, from := range r.Header.Values("X-Forwarded-For") {
		head.Add("X-Forwarded-For", strings.Map(inHeader, from))
	}
	for _, name := range []string{"Accept", "Authorization", "Content-Type", "Stripe-Signature", service.IdempotencyKey, service.RequestID, "Traceparent"} {
		if value := r.Header.Get(name); value != "" {
			head.Set(name, strings.Map(inHeader, value))
		}
	}
	for _, name := range []string{"If-Match", "If-None-Match"} { // lists, and those may be on several lines
		if values := r.Header.Values(name); len(values) > 0 {
			head.Set(name, strings.Map(inHeader, strings.Join(values, ", ")))
		}
	}
	cookies := []string{session.Cookie}
	if services[prefixOf(r.URL.Path)] == "auth" {
		cookies = append(cookies, session.DeviceCookie)
		if agent := strings.Map(inHeader, r.UserAgent()); agent != "" {
			head.Set("User-Agent", strings.ToValidUTF8(agent[:min(len(agent), longestAgent)], "")) // for the account's history
		}
	}
	var kept []string
	for _, name := range cookies {
		if cookie, err := r.Cookie(name); err == nil {
			kept = append(kept, cookie.Name+"="+cookie.Value)
		}
	}
	if len(kept) > 0 {
		head.Set("Cookie", strings.Join(kept, "; "))
	}
	return head
}

// inHeader drops control characters and what is not UTF-8.
func inHeader(r rune) rune {
	if unicode.IsControl(r) || r == utf8.RuneError {
		return -1
	}
	return r
}

func headSize(r *http.Request) int {
	size := len(r.URL.RequestURI())
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// prefixOf is the part of a path that decides which service it is for.
func prefixOf(path string) string {
	parts := strings.SplitN(path, "/", 4)
	if len(parts) < 3 {
		return path
	}
	return "/" + parts[1] + "/" + parts[2]
}

// whole makes sure that an answer is all there. A sidecar that dies while it answers leaves half of it, and the sidecar that
// asked ends it as if nothing were missing; but half of a JSON text is none.
func whole(resp *http.Response) error {
	if resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err // to ErrorHandler
	}
	all := json.Valid(body)
	if digest := resp.Header.Get("Content-Digest"); digest != "" { // a file, which says itself what is in it
		sum := sha256.Sum256(body)
		all = digest == "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":"
	}
	if !all {
		return fmt.Errorf("HTTP %d and the first %d bytes of an answer", resp.StatusCode, len(body))
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// inOurWords puts the sidecar's own errors, and any other that is not in the contract's form, into it.
func inOurWords(resp *http.Response) error {
	if resp.Header.Get("Cache-Control") == "" || resp.StatusCode >= http.StatusBadRequest {
		resp.Header.Set("Cache-Control", noStore)
	}
	for name := range resp.Header {
		if strings.HasPrefix(name, "Dapr-") || strings.HasPrefix(name, "Grpc-") || name == "Traceparent" || name == "Tracestate" || name == "X-Content-Type-Options" {
			resp.Header.Del(name) // the last is on every answer of ours
		}
	}
	if resp.StatusCode < http.StatusBadRequest {
		return whole(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	resp.Body.Close()
	if said := fault.Read(resp.StatusCode, body); err == nil && said != nil {
		if fault.CodeOf(said) == fault.Overloaded {
			visitOf(resp.Request.Context()).tooMuch()
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
	return fmt.Errorf("HTTP %d %.200s", resp.StatusCode, body) // to ErrorHandler
}

// fileLimit and fileWait are for what a seller attaches to a ticket: 2 MB, over a connection that may be slow.
const (
	fileLimit = 2<<20 + 1 // one byte more, so that the service says what is too large
	fileWait  = 60 * time.Second
)

// bodyLimit is how much a request may carry. Who sends a file gets the time for it.
func bodyLimit(w http.ResponseWriter, r *http.Request) int64 {
	if prefixOf(r.URL.Path) != "/api/contents" || r.Method != http.MethodPut {
		return api.BodyLimit
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(fileWait)) // without: the usual time
	return fileLimit
}
