// Package money keeps amounts in cents from the first parse to the last print. 19.99 * 100 in floating point is
// 1998.9999999999998.
package money

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// Amount is money in cents. It prints and marshals in dollars.
type Amount int64

// Most is the highest price of a ticket, a million dollars.
const Most Amount = 1_000_000_00

// ErrPrice is returned for anything that is not a price.
var ErrPrice = errors.New("not a price: a number of dollars above 0, at most 1000000, with at most two decimals")

// longest is more than any price needs; it keeps a hostile number from costing memory.
const longest = 32

// ParsePrice reads a JSON number or a JSON string with a number in it: dollars, above 0, at most Most, with at most two
// decimals. It returns ErrPrice for everything else.
func ParsePrice(raw []byte) (Amount, error) {
	text := string(raw)
	if len(text) > longest {
		return 0, ErrPrice
	}
	if strings.HasPrefix(text, `"`) && strings.HasSuffix(text, `"`) {
		text = strings.TrimSpace(strings.Trim(text, `"`))
	}
	if text == "" || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, ErrPrice // also keeps out what big.Rat reads and JSON does not: fractions, hex, underscores
	}
	// A float is enough to see the magnitude, and refuses 1e999999999 before big.Rat writes it out.
	if f, err := strconv.ParseFloat(text, 64); err != nil || f < 0.001 || f > 1e7 {
		return 0, ErrPrice
	}
	dollars, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, ErrPrice
	}
	cents := dollars.Mul(dollars, big.NewRat(100, 1))
	if !cents.IsInt() || cents.Sign() <= 0 || cents.Cmp(big.NewRat(int64(Most), 1)) > 0 {
		return 0, ErrPrice
	}
	return Amount(cents.Num().Int64()), nil
}

// String prints dollars with two decimals: "19.90".
func (a Amount) String() string {
	sign, cents := "", int64(a)
	if cents < 0 {
		sign, cents = "-", -cents
	}
	frac := strconv.FormatInt(cents%100, 10)
	if len(frac) == 1 {
		frac = "0" + frac
	}
	return sign + strconv.FormatInt(cents/100, 10) + "." + frac
}

// MarshalJSON writes dollars as the shortest exact JSON number: 20, 19.9, 19.99.
func (a Amount) MarshalJSON() ([]byte, error) {
	s := strings.TrimRight(a.String(), "0")
	return []byte(strings.TrimSuffix(s, ".")), nil
}

// UnmarshalJSON reads what ParsePrice reads.
func (a *Amount) UnmarshalJSON(raw []byte) (err error) {
	*a, err = ParsePrice(raw)
	return err
}
