package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The button buys at the price beside it. Where that is another by now, nothing is held, and the next page says what it is.
func TestTheButtonBuysAtThePriceBesideIt(t *testing.T) {
	s, ann := newSite(t, nil)
	var asked string
	changed := false
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"id":"T1","version":2,"title":"Aida","price":24.5,"userId":"bob"}`))
			return
		}
		raw, _ := io.ReadAll(r.Body)
		asked = string(raw)
		if changed {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"errors":[{"message":"The price of this ticket is another by now","code":"price_changed","field":"expectedPrice"}]}`))
			return
		}
		_, _ = w.Write([]byte(`{"id":"T1-O1"}`))
	})
	mux := http.NewServeMux()
	mux.Handle("GET /tickets/{id}", s.page(s.ticket))
	mux.Handle("POST /tickets/{id}/buy", s.page(s.buy))
	b := &browser{t, mux, map[string]*http.Cookie{ann.Name: ann}}
	buy := func(form string) string {
		r := httptest.NewRequest(http.MethodPost, "/tickets/T1/buy", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.send(r).Header().Get("Location")
	}
	assert.Contains(t, b.open("/tickets/T1"), `name="price" value="24.50"`)
	assert.Equal(t, "/orders/T1-O1", buy("price=24.50"))
	assert.JSONEq(t, `{"ticketId":"T1","expectedPrice":"24.50"}`, asked)
	assert.Equal(t, "/orders/T1-O1", buy(""), "a page from before")
	assert.JSONEq(t, `{"ticketId":"T1"}`, asked)
	changed = true
	assert.Equal(t, "/tickets/T1", buy("price=19.99"))
	body := b.open("/tickets/T1")
	assert.Contains(t, body, "it is $24.50 now. Nothing was reserved")
	assert.Contains(t, body, `name="price" value="24.50"`)
}
