package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// selling is the service with one ticket on sale, FREE, and one that bob holds, HELD, by the order HELD-BOB.
func selling(t testing.TB) *market {
	m := newMarket()
	m.offers(t, "FREE", "HELD")
	if _, err := m.sales.Update(t.Context(), dapr.ByRepeat, "HELD", func(sl *sale.Sale) error {
		return sl.Place(sale.Order{ID: "HELD-BOB", UserID: "bob"}, sale.Terms{Hold: time.Hour}, m.now())
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

// fair checks that an answer is one that ann may get, and that nothing happened to bob.
func fair(t *testing.T, s *market, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= 500 {
		t.Fatalf("HTTP %d %s", w.Code, w.Body)
	}
	var refusal struct{ Errors []fault.Field }
	if w.Code >= 400 && (json.Unmarshal(w.Body.Bytes(), &refusal) != nil || len(refusal.Errors) == 0 || refusal.Errors[0].Message == "") {
		t.Fatalf("HTTP %d %s is no refusal in the contract's form", w.Code, w.Body)
	}
	if o, err := s.find(t.Context(), "HELD-BOB"); err != nil || o.UserID != "bob" || o.Status != sale.Created || o.Version != 0 {
		t.Fatalf("bob's order became %+v, %v", o, err)
	}
}

// Whatever is sent as an order holds the free ticket for the sender, or is refused.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{`{"ticketId":"FREE"}`, `{"ticketId":"HELD"}`, `{"ticketId":"HELD-BOB"}`, `{"ticketId":"nosuch"}`, `{"ticketId":""}`, `{"ticketId":"../FREE"}`, `{"ticketId":"FREE||x"}`, `{"ticketId":7}`, `{"ticketId":"FREE","userId":"bob"}`, `{"TicketID":"FREE"}`,
		`{"ticketId":"FREE","ticketId":"HELD"}`, `{"ticketId":"` + strings.Repeat("x", 65) + `"}`, `{"ticketId":"\u0000"}`, `{}`, `null`, `[]`, `{"ticketId":{"$gt":""}}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := selling(t)
		w := s.ask(t, "ann", "POST", "/api/orders", string(body))
		fair(t, s, w)
		if w.Code != http.StatusCreated {
			return
		}
		var o shown
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || o.Ticket.ID != "FREE" || o.UserID != "ann" || o.Status != sale.Created {
			t.Fatalf("%q places %s", body, w.Body)
		}
	})
}
