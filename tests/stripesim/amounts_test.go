package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	rules "marketplace/shared/money"
)

// What the marketplace lets a ticket cost is what its card network can charge, to the smallest unit, in every currency
// that it knows.
func TestTheMarketsPricesAreTheOnesThatCanBeCharged(t *testing.T) {
	letters := []byte("abcdefghijklmnopqrstuvwxyz")
	for _, a := range letters {
		for _, b := range letters {
			for _, c := range letters {
				code := string([]byte{a, b, c})
				var currency rules.Currency
				if _, simulated := minimum[code]; currency.Decode(code) != nil {
					assert.False(t, simulated, "%s: charged, but no market can have it", code)
					continue
				}
				least, most := currency.Smallest(currency.Least()), currency.Smallest(currency.Most())
				assert.Nil(t, checkAmount(least, code), code)
				assert.Nil(t, checkAmount(most, code), code)
				assert.NotNil(t, checkAmount(least-1, code), code)
				assert.NotNil(t, checkAmount(most+1, code), code)
				assert.Equal(t, withoutDecimals[code], currency.Whole(), code)
			}
		}
	}
}
