package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/money"
)

// refusal is what a seller is told of an offer, "" when it is taken.
func refusal(currency money.Currency, body string) string {
	r := httptest.NewRequest("POST", "/api/tickets", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if _, err := (&server{currency: currency}).readOffer(httptest.NewRecorder(), r); err != nil {
		return err.Error()
	}
	return ""
}

// What is refused is refused for the reason it is told, when listing and when editing.
func TestARefusedOfferHearsWhy(t *testing.T) {
	const number, positive = "Price must be a number in USD, such as 25 or 19.99", "Price must be greater than 0"
	const fine, commas = "Price must have at most two decimals", "Price must be a number without commas; decimals stand behind a point, as in 19.99"
	for _, c := range []struct{ body, want string }{
		{`{"title":"x","price":0.49}`, "The lowest price is $0.50"},
		{`{"title":"x","price":"1e-999999999"}`, "The lowest price is $0.50"},
		{`{"title":"x","price":1000000}`, "The highest price is $999,999.99"},
		{`{"title":"x","price":1e999999999}`, "The highest price is $999,999.99"},
		{`{"title":"x","price":"12,50"}`, commas},
		{`{"title":"x","price":"$1,234.50"}`, commas},
		{`{"title":"x","price":"€ 85"}`, number},
		{`{"title":"x","price":"free"}`, number},
		{`{"title":"x","price":[1]}`, number},
		{`{"title":"x","price":"1.2.3"}`, number},
		{`{"title":"x","price":12.345}`, fine},
		{`{"title":"x","price":0.001}`, fine},
		{`{"title":"x","price":1.0000000000000000000000000000000001}`, "Price must have at most 32 characters"},
		{`{"title":"x","price":0}`, positive},
		{`{"title":"x","price":"0.00"}`, positive},
		{`{"title":"x","price":-10}`, positive},
		{`{"title":"x"}`, positive},
		{`{"title":"x","price":null}`, positive},
		{`{"title":"x","price":" "}`, positive},
		{`{"price":1}`, "Title is required"},
		{`{"title":"  ","price":1}`, "Title is required"},
		{`{"title":"` + strings.Repeat("é", 201) + `","price":1}`, "Title must be at most 200 characters"},
		{`{"title":"a\nb","price":1}`, "Title must be on one line, without control characters"},
		{`{"title":"","price":0.1}`, "Title is required; The lowest price is $0.50"},
		{`{"title":"","price":1,"zone":"Mars","seat":7}`, "Title is required; Zone must be a name of the IANA time zone database, such as Europe/Zurich; seat must be a string"},
		{`{"title":"x","price":1,"startsAt":"2027-07-18T20:00:00Z","zone":"Europe/Zurich","faceValue":85}`, ""},
		{`{"title":"` + strings.Repeat("é", 200) + `","price":0.5}`, ""},
		{`{"title":"x","price":"999999.99"}`, ""},
	} {
		assert.Equal(t, c.want, refusal("usd", c.body), c.body)
	}
	for body, want := range map[string]string{
		`{"title":"x","price":49}`:       "The lowest price is ¥50",
		`{"title":"x","price":1e8}`:      "The highest price is ¥99,999,999",
		`{"title":"x","price":1200.5}`:   "Price must have no decimals",
		`{"title":"x","price":"1,200"}`:  "Price must be a number without commas, such as 1200",
		`{"title":"x","price":"¥1200"}`:  "Price must be a number in JPY, such as 1200",
		`{"title":"x","price":1200}`:     "",
		`{"title":"x","price":1200.00}`:  "",
		`{"title":"x","price":99999999}`: "",
	} {
		assert.Equal(t, want, refusal("jpy", body), body)
	}
}
