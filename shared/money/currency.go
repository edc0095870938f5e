package money

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Currency is what a market trades in: an ISO 4217 code in small letters, as Stripe writes it. The setting must be one that
// there is a rule for. A document's need not be: it is counted in hundredths, and Stripe judges.
type Currency string

// rule is what a currency allows.
type rule struct {
	sign        string // what stands before an amount, with a space when it is a word
	least, most Amount // that a card can be charged
	whole       bool   // without decimals
}

// eightDigits of the smallest unit is the most that Stripe charges.
const eightDigits = 99_999_999

// rules are the currencies with a minimum that Stripe publishes, docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
// Three decimals do not fit into an Amount.
var rules = map[Currency]rule{
	"aed": {"AED ", 2_00, eightDigits, false},
	"aud": {"$", 50, eightDigits, false},
	"brl": {"R$", 50, eightDigits, false},
	"cad": {"$", 50, eightDigits, false},
	"chf": {"CHF ", 50, eightDigits, false},
	"czk": {"Kč ", 15_00, eightDigits, false},
	"dkk": {"kr ", 2_50, eightDigits, false},
	"eur": {"€", 50, eightDigits, false},
	"gbp": {"£", 30, eightDigits, false},
	"hkd": {"$", 4_00, eightDigits, false},
	"huf": {"Ft ", 175_00, eightDigits, false},
	"inr": {"₹", 50, eightDigits, false},
	"jpy": {"¥", 50_00, eightDigits * 100, true},
	"mxn": {"$", 10_00, eightDigits, false},
	"myr": {"RM ", 2_00, eightDigits, false},
	"nok": {"kr ", 3_00, eightDigits, false},
	"nzd": {"$", 50, eightDigits, false},
	"pln": {"zł ", 2_00, eightDigits, false},
	"ron": {"lei ", 2_00, eightDigits, false},
	"sek": {"kr ", 3_00, eightDigits, false},
	"sgd": {"$", 50, eightDigits, false},
	"thb": {"฿", 10_00, eightDigits, false},
	"usd": {"$", 50, eightDigits, false},
}

var threeDecimals = []Currency{"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"}

// Decode reads the setting. It refuses a currency that there is no rule for.
func (c *Currency) Decode(setting string) error {
	code := Currency(strings.ToLower(setting))
	if slices.Contains(threeDecimals, code) {
		return fmt.Errorf("%s has three decimals, and amounts have two", code)
	}
	if _, known := rules[code]; !known {
		var codes []string
		for _, code := range slices.Sorted(maps.Keys(rules)) {
			codes = append(codes, string(code))
		}
		return fmt.Errorf("there is no rule for %q, only for %s", setting, strings.Join(codes, ", "))
	}
	*c = code
	return nil
}

func (c Currency) rule() rule {
	if r, known := rules[c]; known {
		return r
	}
	return rule{least: 1, most: eightDigits * 100}
}

// Least is the lowest amount that a card can be charged.
func (c Currency) Least() Amount { return c.rule().least }

// Most is the highest.
func (c Currency) Most() Amount { return c.rule().most }

// Whole tells whether the currency has no decimals.
func (c Currency) Whole() bool { return c.rule().whole }

// Sign is what stands before an amount: "$", "CHF".
func (c Currency) Sign() string { return strings.TrimSpace(c.rule().sign) }

// Smallest is an amount in the currency's smallest unit, as the card network counts: 1999 for $19.99, 1200 for ¥1,200.
// The amount must be one that Complaint has nothing against.
func (c Currency) Smallest(a Amount) int64 {
	if c.Whole() {
		return int64(a / 100)
	}
	return int64(a)
}

// Amount is Smallest the other way round.
func (c Currency) Amount(smallest int64) Amount {
	if c.Whole() {
		return Amount(smallest * 100)
	}
	return Amount(smallest)
}

// Plain prints an amount as Price reads it: "1234.50", "1200".
func (c Currency) Plain(a Amount) string {
	if c.Whole() {
		return strings.TrimSuffix(a.String(), ".00")
	}
	return a.String()
}

// Print prints an amount for people: "$1,234.50", "¥1,200".
func (c Currency) Print(a Amount) string {
	whole, decimals, _ := strings.Cut(c.Plain(a), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals != "" {
		whole += "." + decimals
	}
	return c.rule().sign + whole
}
