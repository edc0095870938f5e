package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"marketplace/services/orders/sale"
	"marketplace/shared/fault"
)

// Whatever stands where an order's id should, in a path or a query, shows and changes nothing of somebody else's.
func FuzzOrderID(f *testing.F) {
	for _, seed := range []string{"HELD-BOB", "held-bob", "FREE-NONE", "HELD-", "-BOB", "--", "nosuch", "..", "../HELD-BOB", "HELD-BOB/checkout", "HELD%2dBOB", "HELD-BOB\x00", "HELD-BOB ", "", "*", "HELD||BOB-X", strings.Repeat("x", 64) + "-1", "\xff-\xff", "ORDER-1-2-3"} {
		f.Add(seed, "limit=2")
	}
	for _, query := range []string{"sort=new", "sort=old", "cursor=0", "cursor=-1", "cursor=1000000000", "cursor=9223372036854775807", "cursor=x", "limit=200&cursor=5&sort=new"} {
		f.Add("HELD-BOB", query)
	}
	f.Fuzz(func(t *testing.T, id, query string) {
		s := selling(t)
		for _, method := range []string{"GET", "DELETE"} {
			r := &http.Request{Method: method, URL: &url.URL{Path: "/api/orders/" + id}, Header: http.Header{}, Body: http.NoBody}
			w := s.as(t, "ann", r, "web")
			fair(t, s, w)
			if w.Code < 300 && (method == "DELETE" || id != "") {
				t.Fatalf("%s %q: ann gets HTTP %d %s", method, id, w.Code, w.Body)
			}
		}
		w := s.as(t, "ann", &http.Request{Method: "GET", URL: &url.URL{Path: "/api/orders", RawQuery: query}, Header: http.Header{}, Body: http.NoBody}, "web")
		fair(t, s, w)
		if strings.Contains(w.Body.String(), "bob") {
			t.Fatalf("%q shows ann bob's order: %s", query, w.Body)
		}
		if ticketID, err := sale.TicketOf(id); err == nil && (ticketID == "" || !strings.HasPrefix(id, ticketID+"-")) || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Fatalf("%q leads to ticket %q, %v", id, ticketID, err)
		}
	})
}

// The same for the request that payments makes before it charges: it is for the order's own buyer or refused.
func FuzzCheckout(f *testing.F) {
	for _, seed := range []string{`{"userId":"ann","checkout":"c1"}`, `{"userId":"ann"}`, `{"userId":"ann","checkout":""}`, `{"userId":"seller"}`, `{"userId":""}`, `{"userId":1}`, `{}`, `null`, `[]`, ``, `{"userId":"ann","userId":"carl"}`, `{"userid":"ann"}`} {
		f.Add("HELD-BOB", seed, "payments")
	}
	f.Add("HELD-BOB", `{"userId":"bob","checkout":"c1"}`, "web")
	f.Add("HELD-BOB", `{"userId":"bob","checkout":"c1"}`, "Payments")
	f.Add("FREE-NONE", `{"userId":"bob","checkout":"c1"}`, "payments")
	f.Fuzz(func(t *testing.T, id, body, caller string) {
		if caller == "payments" && strings.Contains(body, "bob") {
			return // that one is meant to get in
		}
		s := selling(t)
		r := &http.Request{Method: "POST", URL: &url.URL{Path: "/internal/orders/" + id + "/checkout"}, Header: http.Header{"Content-Type": {"application/json"}}, Body: httptest.NewRequest("POST", "/", strings.NewReader(body)).Body}
		w := s.as(t, "ann", r, caller)
		fair(t, s, w)
		if w.Code < 300 {
			t.Fatalf("%q for %q by %q: HTTP %d %s", body, id, caller, w.Code, w.Body)
		}
	})
}
