package main

import "fmt"

// The smallest charge in cents, by currency. A currency that is not here is one we do not simulate.
var minimum = map[string]int64{"usd": 50, "eur": 50, "gbp": 30, "cad": 50, "aud": 50}
var symbol = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "cad": "$", "aud": "$"}

// maximum is Stripe's: eight digits of cents.
const maximum = 99_999_999

func money(cents int64, currency string) string {
	return fmt.Sprintf("%s%d.%02d", symbol[currency], cents/100, cents%100)
}

// checkAmount refuses what Stripe cannot charge.
func checkAmount(cents int64, currency string) *apiError {
	least, ok := minimum[currency]
	switch {
	case !ok:
		return invalid("", "currency", "Invalid currency: %s. stripesim supports these currencies: usd, eur, gbp, cad, aud", currency)
	case cents < least:
		return invalid("amount_too_small", "amount", "Amount must be at least %s %s", money(least, currency), currency)
	case cents > maximum:
		return invalid("amount_too_large", "amount", "Amount must be no more than %s999,999.99", symbol[currency])
	}
	return nil
}
