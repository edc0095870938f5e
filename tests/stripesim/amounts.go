package main

import (
	"fmt"
	"strings"
)

// minimum is the smallest charge that Stripe takes, in the smallest unit, by currency. A currency that is not here is one
// we do not simulate.
var minimum = map[string]int64{
	"aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50,
	"jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}

// symbol stands before an amount; the others have their code there.
var symbol = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "cad": "$", "aud": "$", "jpy": "¥"}

// withoutDecimals are the currencies whose smallest unit is the whole.
var withoutDecimals = map[string]bool{"jpy": true}

// maximum is Stripe's: eight digits.
const maximum = 99_999_999

func money(amount int64, currency string) string {
	if withoutDecimals[currency] {
		return fmt.Sprintf("%s%d", mark(currency), amount)
	}
	return fmt.Sprintf("%s%d.%02d", mark(currency), amount/100, amount%100)
}

func mark(currency string) string {
	if s, known := symbol[currency]; known {
		return s
	}
	return strings.ToUpper(currency) + " "
}

// checkAmount refuses what Stripe cannot charge.
func checkAmount(amount int64, currency string) *apiError {
	least, ok := minimum[currency]
	switch {
	case !ok:
		return invalid("", "currency", "Invalid currency: %s", currency)
	case amount < least:
		return invalid("amount_too_small", "amount", "Amount must be at least %s %s", money(least, currency), currency)
	case amount > maximum:
		most := "999,999.99"
		if withoutDecimals[currency] {
			most = "99,999,999"
		}
		return invalid("amount_too_large", "amount", "Amount must be no more than %s%s", mark(currency), most)
	}
	return nil
}
