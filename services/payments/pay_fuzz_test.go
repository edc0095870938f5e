package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// What is sent as a payment names an order and a card, or is refused.
func FuzzPay(f *testing.F) {
	for _, seed := range []string{`{"orderId":"T-1","token":"tok_visa"}`, `{"orderId":"T-1","token":"pm_card_visa"}`, `{"orderId":"","token":""}`, `{}`, `null`, `[]`, ``, `{"orderId":"../T-1","token":"x"}`, `{"orderId":1,"token":2}`, `{"orderId":"T-1","token":{"id":"tok_visa"}}`,
		`{"orderId":"T-1","token":"tok_visa","amount":1}`, `{"orderId":"T-1","token":"` + strings.Repeat("x", 256) + `"}`, `{"orderId":"T-1\u0000","token":"\r\n"}`, `{"orderId":"T-1","token":"tok_visa","token":"tok_chargeDeclined"}`, `{"orderid":"T-1","TOKEN":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/api/payments", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		in, err := readPay(httptest.NewRecorder(), r)
		if err == nil {
			if api.CheckID(in.OrderID) != nil || in.Token == "" || len(in.Token) > 255 {
				t.Fatalf("%q is read as %+v", body, in)
			}
			return
		}
		switch fault.KindOf(err) {
		case fault.Invalid, fault.NotFound, fault.TooLarge:
		default:
			t.Fatalf("%q: %v is no refusal", body, err)
		}
	})
}
