package main

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// sidecarAt is a sidecar in whose place answer stands.
func sidecarAt(f testing.TB, answer http.HandlerFunc) *dapr.Sidecar {
	server := httptest.NewServer(answer)
	f.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: port, GRPCPort: "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(sidecar.Close)
	return sidecar
}

// methodForm is what net/http lets in as a method.
var methodForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// What is passed on goes to a service's own part of the API and nowhere else, as nobody in particular.
func FuzzPassOn(f *testing.F) {
	var passed []*http.Request // one at a time: a fuzz worker is alone in its process
	sidecar := sidecarAt(f, func(w http.ResponseWriter, r *http.Request) {
		passed = append(passed, r)
		_, _ = w.Write([]byte("{}"))
	})
	api := passOn(sidecar, slog.New(slog.DiscardHandler))
	for _, target := range []string{"/api/tickets", "/api/tickets/T?limit=1", "/api/orders/../../events/payments", "/api/orders/%2e%2e/%2e%2e/events/payments", "/api/orders/..%2f..%2fevents", "/api/orders//x", "/api/orders/", "/api/orders/.", "/api/users/.well-known/jwks.json",
		"/api/tickets/%00", "/api/tickets/%5c..", "/api/tickets/a%20b", "/api/tickets/\u00e9", "/api/tickets?q=%zz", "/api/tickets#x", "/api/payments/webhook?a;b", "/api/tickets/%25%32%65", "/v1.0/invoke/orders/method/x", "/api/nosuch/x", "/api", "//api/tickets", "/api/ticketsx"} {
		f.Add("GET", target, "Dapr-App-Id", "auth")
		f.Add("POST", target, "dapr-api-token", "guess")
	}
	for _, name := range []string{"Dapr-Caller-App-Id", "DAPR-CALLER-APP-ID", "Connection", "X-Forwarded-For", "Forwarded", "Transfer-Encoding", "Upgrade", "Te", "Host", "Content-Length", "Traceparent", "Cookie", "Idempotency-Key", "Stripe-Signature", ""} {
		f.Add("PUT", "/api/tickets/T", name, "dapr-app-id")
		f.Add("PUT", "/api/tickets/T", name, "\x00k\xff\r\n")
	}
	f.Fuzz(func(t *testing.T, method, target, name, value string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || strings.Contains(target, " ") {
			return // net/http refuses it before anybody sees it
		}
		r := &http.Request{Method: method, URL: u, Host: "market.example", Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: "192.0.2.1:1"}
		r.Header.Set(name, value)
		prefix := prefixOf(u.Path)
		if services[prefix] == "" {
			return // not for passOn, says the table of routes
		}
		passed = nil
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r.WithContext(t.Context()))
		for _, got := range passed {
			if p := got.URL.Path; (p != prefix && !strings.HasPrefix(p, prefix+"/")) || path.Clean(p) != p {
				t.Fatalf("%q is passed on to %q", target, p)
			}
			if app := got.Header["Dapr-App-Id"]; len(app) != 1 || app[0] != services[prefix] {
				t.Fatalf("%q is passed on to %q", target, app)
			}
			for h := range got.Header {
				if strings.HasPrefix(h, "Dapr-") && h != "Dapr-App-Id" {
					t.Fatalf("%q is passed on with %s", target, h)
				}
			}
		}
		if w.Code >= 500 && methodForm.MatchString(method) {
			t.Fatalf("%s %q with %s: %q is answered with HTTP %d", method, target, name, value, w.Code)
		}
		if len(passed) > 1 || len(passed) == 0 && w.Code < 400 {
			t.Fatalf("%q is passed on %d times, HTTP %d", target, len(passed), w.Code)
		}
	})
}

// Whatever comes back from a service or a sidecar, the caller gets an answer or a refusal in the contract's form.
func FuzzInOurWords(f *testing.F) {
	var status int
	var body []byte
	sidecar := sidecarAt(f, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Dapr-Secret", "x")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
	api := passOn(sidecar, slog.New(slog.DiscardHandler))
	for _, seed := range []string{`{"errors":[{"message":"Not Found"}]}`, `{"errors":[]}`, `{"errors":[{}]}`, `{"errorCode":"ERR_DIRECT_INVOKE","message":"x"}`, `<html>`, ``, `null`, "\xff", `{"errors":[{"message":"x","field":"y"}],"more":1}`} {
		for _, code := range []int{200, 204, 304, 400, 404, 429, 500, 502} {
			f.Add(code, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, code int, said []byte) {
		if code < 200 || code > 599 {
			return // no final answer
		}
		status, body = code, said
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", "/api/tickets", nil))
		if w.Header().Get("Dapr-Secret") != "" {
			t.Fatal("a sidecar's header gets out")
		}
		if w.Code < 400 {
			return
		}
		var refusal struct{ Errors []fault.Field }
		if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil || len(refusal.Errors) == 0 || refusal.Errors[0].Message == "" {
			t.Fatalf("HTTP %d %q is told as HTTP %d %s", code, said, w.Code, w.Body)
		}
	})
}
