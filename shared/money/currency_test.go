package money

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyACurrencyWithARuleCanBeSet(t *testing.T) {
	for setting, want := range map[string]string{
		"usd": "", "EUR": "", "jpy": "",
		"kwd": "kwd has three decimals, and amounts have two",
		"xyz": `there is no rule for "xyz", only for aed, aud, `,
		"":    `there is no rule for "", only for `,
	} {
		var c Currency
		err := c.Decode(setting)
		if want == "" {
			require.NoError(t, err, setting)
			assert.Less(t, c.Least(), c.Most(), setting)
			continue
		}
		assert.ErrorContains(t, err, want, setting)
		assert.Empty(t, c)
	}
}

// Every amount that can be charged is one in the card network's smallest unit, and comes back the same from its print.
func TestSmallestAndPrints(t *testing.T) {
	for _, c := range []struct {
		currency     Currency
		amount       Amount
		smallest     int64
		plain, print string
	}{
		{"usd", 19_99, 1999, "19.99", "$19.99"},
		{"usd", 999_999_99, 99_999_999, "999999.99", "$999,999.99"},
		{"jpy", 1200_00, 1200, "1200", "¥1,200"}, // 120000 would be a hundredfold
		{"jpy", 99_999_999_00, 99_999_999, "99999999", "¥99,999,999"},
		{"huf", 175_00, 17500, "175.00", "Ft 175.00"},
		{"chf", 50, 50, "0.50", "CHF 0.50"},
		{"xyz", 19_99, 1999, "19.99", "19.99"}, // of an old document: as it was charged
	} {
		assert.Empty(t, c.currency.Complaint(c.amount), c)
		assert.Equal(t, c.smallest, c.currency.Smallest(c.amount), c)
		assert.Equal(t, c.amount, c.currency.Amount(c.smallest), c)
		assert.Equal(t, c.plain, c.currency.Plain(c.amount), c)
		assert.Equal(t, c.print, c.currency.Print(c.amount), c)
		again, complaint := c.currency.Price([]byte(c.plain))
		assert.Empty(t, complaint, c)
		assert.Equal(t, c.amount, again, c)
	}
	assert.Equal(t, "¥119.50", Currency("jpy").Print(119_50), "listed in another currency: nobody can pay it, but it is no ¥119")
	assert.Equal(t, "Price must have no decimals", Currency("jpy").Complaint(119_50))
	assert.Equal(t, "The lowest price is £0.30", Currency("gbp").Complaint(29))
}
