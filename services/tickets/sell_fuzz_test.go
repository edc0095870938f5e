package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// An offer is a title and a price, or refused as malformed.
func FuzzOffer(f *testing.F) {
	for _, seed := range []string{`{"title":"Nina Simone, Montreux","price":19.99}`, `{"title":" x ","price":"15.50"}`, `{"title":"","price":-10}`, `{}`, `null`, `[]`, `{"title":"x","price":null}`, `{"title":"x","price":[1]}`,
		`{"title":"x","price":1e999999999}`, `{"title":["x"],"price":1}`, `{"title":"x","price":1,"userId":"me"}`, `{"title":"x","title":"y","price":1,"price":2}`, `{"title":"a\nb","price":1}`, `{"title":"\u0000","price":1}`,
		`{"title":"\ud800","price":1}`, "{\"title\":\"\xff\",\"price\":1}", `{"title":"` + strings.Repeat("x", 201) + `","price":1}`, `{"title":"` + strings.Repeat("é", 200) + `","price":1}`, `{"title":"<script>","price":0.01}`, `{"title":"x","price":1}{}`, `{"TITLE":"x","Price":1}`,
		`{"title":"x","price":1,"startsAt":"2027-07-18T20:00:00+02:00","zone":"Europe/Zurich","venue":"Casino","city":"Montreux","section":"A","row":"4","seat":"12","faceValue":85}`,
		`{"title":"x","price":1,"startsAt":"9999-12-31T23:59:59.9999Z","zone":"UTC","venue":"\ud800"}`} {
		f.Add("application/json", []byte(seed))
	}
	f.Add("application/json; charset=utf-8", []byte(`{"title":"x","price":1}`))
	f.Add("text/plain", []byte(`{"title":"x","price":1}`))
	f.Add("application/json; a=\"", []byte(`{}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest("POST", "/api/tickets", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		o, err := (&server{currency: "usd"}).readOffer(httptest.NewRecorder(), r)
		if err != nil {
			switch fault.KindOf(err) {
			case fault.Invalid, fault.NotJSON, fault.TooLarge:
			default:
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		title, price := o.Title, o.Price
		if money.Currency("usd").Complaint(price) != "" || strings.TrimSpace(title) != title || title == "" || utf8.RuneCountInString(title) > 200 || strings.ContainsAny(title, "\r\n\x00") || !utf8.ValidString(title) {
			t.Fatalf("%q makes the offer %q for %v", body, title, price)
		}
		listed, err := ticket.New("T", "u", o, now())
		if fault.KindOf(err) == fault.Invalid && o.Check(now()) != nil {
			return
		}
		if err != nil {
			t.Fatalf("%q is an offer, but no ticket: %v", body, err)
		}
		raw, err := json.Marshal((&server{now: now}).shownOf(listed))
		if err != nil || !json.Valid(raw) {
			t.Fatalf("%q cannot be shown: %s, %v", body, raw, err)
		}
	})
}
