package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/money"
)

// A price is read as browsers show it and as people type it. Where that is not clear, nothing is guessed.
func TestAPriceInPeoplesWords(t *testing.T) {
	const same = ""
	for _, c := range []struct {
		currency    money.Currency
		typed, want string
	}{
		{"usd", "85", "85"},
		{"usd", "12.50", "12.50"},
		{"usd", "12,50", "12.50"},
		{"usd", "12,5", "12.5"},
		{"usd", "$85", "85"},
		{"usd", " $ 85 ", "85"},
		{"usd", "1,234.50", "1234.50"},
		{"usd", "$1,234.50", "1234.50"},                   // English
		{"usd", "US$1,234.50", "1234.50"},                 // English, elsewhere
		{"usd", "1.234,50\u00a0$", "1234.50"},             // German
		{"usd", "1\u202f234,50\u00a0$US", "1234.50"},      // French
		{"usd", "$\u00a01’234.50", "1234.50"},             // Swiss
		{"usd", "\u200f1,234.50\u00a0\u200f$", "1234.50"}, // Hebrew
		{"usd", "999,999.99 USD", "999999.99"},
		{"usd", "1,234,567", "1234567"},
		{"inr", "₹12,34,567.00", "1234567.00"},
		{"sek", "1 234,50 kr", "1234.50"},
		{"cad", "CA$12.50", "12.50"},
		{"jpy", "¥1,200", "1200"},
		{"jpy", "1.200 ¥", "1200"},
		{"jpy", "￥1,200", "1200"},

		{"usd", "1,234", same}, // a thousand, or one and a bit
		{"usd", "1.234", same},
		{"usd", "€ 85", same}, // not eighty-five dollars
		{"eur", "$85", same},
		{"usd", "CA$85", same},
		{"usd", "12 50", same},
		{"usd", "12,5,0", same},
		{"usd", "1,2345.00", same},
		{"usd", "1.5,00", same},
		{"usd", "-5", same},
		{"usd", "1e2", same},
		{"usd", ".5", same},
		{"usd", "5-10", same},
		{"usd", "2 x 10", same},
		{"usd", "free", same},
		{"usd", "", same},
		{"jpy", "12,50", same},
		{"jpy", "1200.00", same}, // which the API reads
	} {
		want := c.want
		if want == same {
			want = c.typed
		}
		assert.Equal(t, want, typedPrice(c.typed, "", c.currency), "%q in %s", c.typed, c.currency)
	}
}

// A price can be typed as the visitor's page shows it, and is never taken for another that it might be elsewhere.
func TestThePagesOwnMarkDecides(t *testing.T) {
	for _, c := range []struct{ typed, mark, want string }{
		{"1,234", ".", "1234"},
		{"$1,234", ".", "1234"},
		{"1.234", ".", "1.234"}, // which the API refuses
		{"1.234", ",", "1234"},
		{"1.234 $", ",", "1234"},
		{"1,234", ",", "1,234"}, // which the API refuses
		{"1.234", "٫", "1234"},
		{"12,50", ".", "12.50"}, // there is one way to read it, wherever it is typed
	} {
		assert.Equal(t, c.want, typedPrice(c.typed, c.mark, "usd"), "%q on a page with %q", c.typed, c.mark)
	}
}

// Whatever a page prints without a script can be typed back.
func FuzzTypedPrice(f *testing.F) {
	for _, seed := range []int64{50, 1_00, 12_50, 1234_50, 999_999_99, 175_00, 1200_00} {
		f.Add(seed, "$1,234.50")
	}
	f.Fuzz(func(t *testing.T, hundredths int64, typed string) {
		for _, c := range []money.Currency{"usd", "jpy", "chf", "huf", "inr"} {
			_ = typedPrice(typed, ".", c)
			a := money.Amount(hundredths)
			if c.Complaint(a) == "" && typedPrice(c.Print(a), ".", c) != c.Plain(a) {
				t.Fatalf("%s is read as %s", c.Print(a), typedPrice(c.Print(a), ".", c))
			}
		}
	})
}

// The API is asked in its own form; what was typed stays when it is refused. The form says what the rule is.
func TestSellingInPeoplesWords(t *testing.T) {
	for currency, want := range map[money.Currency][]string{
		"usd": {`"price":"12.50"`, `>$0.50</data> to <data class="sum" value="999999.99">$999,999.99</data>, with at most two decimals`, `inputmode="decimal"`, `value="$12,50"`},
		"jpy": {`"price":"$12,50"`, `>¥50</data> to <data class="sum" value="99999999.00">¥99,999,999</data>, without decimals`, `inputmode="numeric"`, `value="$12,50"`},
	} {
		s, cookie := newSite(t, nil)
		var err error
		s.look, err = newLook(currency)
		require.NoError(t, err)
		s.currency = currency
		var asked []byte
		s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked, _ = io.ReadAll(r.Body)
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"errors":[{"message":"No","field":"price"}]}`))
		})
		typed := typedForm("title", "x", "price", "$12,50")
		r := httptest.NewRequest(http.MethodPost, "/sell", strings.NewReader(typed.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(cookie)
		w := httptest.NewRecorder()
		s.page(s.sell).ServeHTTP(w, r)
		for _, part := range want {
			assert.Contains(t, string(asked)+w.Body.String(), part)
		}
	}
}
