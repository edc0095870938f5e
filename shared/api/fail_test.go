package api

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/fault"
)

// The usual error body for everybody, RFC 9457's for those who name it.
func TestFail(t *testing.T) {
	const usual = "application/json"
	reserved := fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved)
	fields := fault.Fields{{Message: "Email must be valid", Field: "email"}, {Message: "Unknown field", Field: "x", Code: fault.UnknownField}}.Err()
	for _, c := range []struct {
		accept, form string
		err          error
		body         string
	}{
		{"", usual, reserved, `{"errors":[{"message":"Ticket is already reserved","code":"ticket_reserved"}]}`},
		{"*/*", usual, reserved, `{"errors":[{"message":"Ticket is already reserved","code":"ticket_reserved"}]}`},
		{"application/json, application/problem+json;q=0", usual, fields, `{"errors":[{"message":"Email must be valid","field":"email","code":"invalid"},{"message":"Unknown field","field":"x","code":"unknown_field"}]}`},
		{"application/problem+json", problemType, reserved, `{"type":"/api/docs#error-ticket_reserved","title":"Ticket reserved","status":400,"detail":"Ticket is already reserved","code":"ticket_reserved",
			"errors":[{"message":"Ticket is already reserved","code":"ticket_reserved"}]}`},
		{"application/json, Application/Problem+JSON; q=0.5", problemType, fields, `{"type":"/api/docs#error-invalid","title":"Invalid","status":400,"detail":"Email must be valid; Unknown field","code":"invalid",
			"errors":[{"message":"Email must be valid","field":"email","code":"invalid"},{"message":"Unknown field","field":"x","code":"unknown_field"}]}`},
		{"application/problem+json", problemType, assert.AnError, `{"type":"/api/docs#error-internal","title":"Internal","status":500,"detail":"Something went wrong","code":"internal",
			"errors":[{"message":"Something went wrong","code":"internal"}]}`},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		Fail(w, r, c.err)
		assert.Equal(t, fault.Status(c.err), w.Code)
		assert.Equal(t, c.form, w.Header().Get("Content-Type"), c.accept)
		assert.JSONEq(t, c.body, w.Body.String())
	}
}

// A wait is rounded up to whole seconds, and said only where it helps.
func TestRetryAfter(t *testing.T) {
	for want, err := range map[string]error{
		"":  fault.New(fault.Refused, "No"),
		"1": fault.New(fault.TooMany, "Slowly"),
		"2": fault.Wait(1001*time.Millisecond, "Slowly"),
		"3": &fault.Error{Kind: fault.Conflict, Fields: []fault.Field{{Message: "Not yet"}}, RetryAfter: 3 * time.Second},
	} {
		w := httptest.NewRecorder()
		Fail(w, httptest.NewRequest("GET", "/", nil), err)
		assert.Equal(t, want, w.Header().Get("Retry-After"), "%v", err)
	}
}
