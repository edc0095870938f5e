package service

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// Every delivery is handled or dropped, as its content deserves; none is asked for again, since it would come no better.
func FuzzDelivery(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","type":"ticket.created","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data":{"id":"T","version":0,"title":"x","price":1,"userId":"u"}}`,
		`{"id":"1","type":"ticket.eaten","data":{}}`, `{"id":"1","type":"order.created","data":{"id":"T"}}`, `{"id":"1","type":"ticket.updated","data":"eyJ"}`, `{}`, ``, `null`, "\x00", `{"id":"1","type":"ticket.updated","data":{"id":"T","price":"x"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		handled := 0
		r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
		On(r, func(_ context.Context, p events.Ticket) error {
			if handled++; p.ID == "" || p.UserID == "" || p.Price <= 0 || p.Version < 0 {
				t.Fatalf("%q is handled as %+v", body, p)
			}
			return nil
		})
		req := httptest.NewRequest("POST", "/events/tickets", bytes.NewReader(body))
		req.Header.Set("dapr-api-token", "token")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		var answer struct{ Status fault.Outcome }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%q: HTTP %d %s", body, w.Code, w.Body)
		}
		if answer.Status != fault.Done && answer.Status != fault.Drop || answer.Status == fault.Drop && handled > 0 {
			t.Fatalf("%q: %s, handled %d times", body, answer.Status, handled)
		}
	})
}

// Whatever path is asked for, without the token nothing is done but to say how the service is.
func FuzzDoors(f *testing.F) {
	for _, path := range []string{"/", "/livez", "/readyz", "/healthz", "/dapr/subscribe", "/events/tickets", "/job/order-T-1.5", "/job/", "//job/order-x", "/job/order-%2f", "/internal/orders/T-1/checkout", "/api/orders",
		"/api/../events/tickets", "/events/tickets/", "/EVENTS/tickets", "/events/tickets%00", "/%65vents/tickets", "", "*", "/job/order-\xff"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"} {
			f.Add(method, path, "web")
		}
	}
	f.Fuzz(func(t *testing.T, method, path, caller string) {
		reached := ""
		r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
		reach := func(what string) func(http.ResponseWriter, *http.Request) error {
			return func(http.ResponseWriter, *http.Request) error { reached = what; return nil }
		}
		r.FromWeb("POST", "/api/orders", reach("from web"), Quick)
		r.Internal("POST", "/internal/orders/{id}/checkout", reach("internal"), "payments")
		On(r, func(context.Context, events.Ticket) error { reached = "event"; return nil })
		r.Job("order-", func(context.Context, string) error { reached = "job"; return nil })
		req := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}, Body: http.NoBody}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if reached != "" || w.Code != 401 && w.Code != 404 && path != "/livez" && path != "/readyz" && path != "/healthz" {
			t.Fatalf("%s %q without the token: %d, reached %q", method, path, w.Code, reached)
		}

		// With the token, but called by another service: nothing that only the sidecar does by itself.
		if caller = strings.TrimSpace(caller); caller == "" || caller == "payments" {
			return
		}
		req.Header.Set("dapr-api-token", "token")
		req.Header.Set(callerHeader, caller)
		r.ServeHTTP(httptest.NewRecorder(), req)
		if reached != "" && reached != "from web" {
			t.Fatalf("%s %q called by %q reaches the %s", method, path, caller, reached)
		}
	})
}
