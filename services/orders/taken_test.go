package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Web is told who has a ticket as events tell it, and that nobody has.
func TestWhoHasATicket(t *testing.T) {
	m := newMarket()
	m.offers(t, "T")
	ask := func(id, caller string) *httptest.ResponseRecorder {
		return m.as(t, "", httptest.NewRequest("GET", "/internal/tickets/"+id+"/order", nil), caller)
	}
	assert.Equal(t, http.StatusNotFound, ask("T", "web").Code, "nobody")
	assert.Equal(t, http.StatusNotFound, ask("nosuch", "web").Code)
	assert.Equal(t, http.StatusNotFound, ask("a%00b", "web").Code)
	o := m.places(t, "ann", "T")
	assert.JSONEq(t, `{"id":"`+o.ID+`","version":0,"saleVersion":1,"status":"created","userId":"ann","placedAt":"2026-01-02T12:00:00.000Z",
		"expiresAt":"2026-01-02T12:15:00.000Z","ticket":{"id":"T","title":"T","price":10,"version":0,"sellerId":"seller"}}`, ask("T", "web").Body.String())
	assert.Equal(t, http.StatusUnauthorized, ask("T", "mail").Code)
	assert.Equal(t, http.StatusNoContent, m.ask(t, "ann", "DELETE", "/api/orders/"+o.ID, "").Code)
	assert.Equal(t, http.StatusNotFound, ask("T", "web").Code, "given back")
}
