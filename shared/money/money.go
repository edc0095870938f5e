// Package money keeps amounts in hundredths from the first parse to the last print, and knows what each currency makes
// of them. 19.99 * 100 in floating point is 1998.9999999999998.
package money

import (
	"errors"
	"strconv"
	"strings"
)

// Amount is money in hundredths of the currency, yen too. It marshals as a number of the whole: 19.99.
type Amount int64

// ErrPrice is returned for JSON that is no price in any currency.
var ErrPrice = errors.New("not a price: a number above 0, at most 99999999, with at most two decimals")

// String prints two decimals: "19.90".
func (a Amount) String() string {
	sign, hundredths := "", int64(a)
	if hundredths < 0 {
		sign, hundredths = "-", -hundredths
	}
	frac := strconv.FormatInt(hundredths%100, 10)
	if len(frac) == 1 {
		frac = "0" + frac
	}
	return sign + strconv.FormatInt(hundredths/100, 10) + "." + frac
}

// MarshalJSON writes the shortest exact JSON number: 20, 19.9, 19.99.
func (a Amount) MarshalJSON() ([]byte, error) {
	s := strings.TrimRight(a.String(), "0")
	return []byte(strings.TrimSuffix(s, ".")), nil
}

// UnmarshalJSON reads a price of any currency: what is kept or announced was judged when it was listed, perhaps by another
// rule. It returns ErrPrice for everything else.
func (a *Amount) UnmarshalJSON(raw []byte) error {
	got, complaint := Currency("").Price(raw)
	if complaint != "" {
		return ErrPrice
	}
	*a = got
	return nil
}
