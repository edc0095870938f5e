package money

import (
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// longest is more than any price needs; it keeps a hostile number from costing memory.
const longest = 32

// notPositive is worded by the contract.
const notPositive = "Price must be greater than 0"

// Price reads a price: a JSON number, or a JSON string with a number in it. The complaint, "" when there is none, is a
// sentence for whoever asks that price.
func (c Currency) Price(raw []byte) (price Amount, complaint string) {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil { // null too
		text = strings.TrimSpace(quoted)
	}
	switch {
	case text == "":
		return 0, notPositive
	case strings.Contains(text, ","):
		return 0, c.noCommas()
	case strings.Trim(text, "0123456789.eE+-") != "": // also what is a number to Go and not to JSON: hex, underscores, NaN
		return 0, c.noNumber()
	case len(text) > longest:
		return 0, "Price must have at most " + strconv.Itoa(longest) + " characters"
	}
	// A float is enough to see the magnitude, and refuses 1e999999999 before big.Rat writes it out.
	magnitude, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		return 0, c.noNumber()
	}
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	switch {
	case digits[0] == '-' || strings.Trim(digits, "+0.") == "":
		return 0, notPositive
	case magnitude < 0.001:
		return 0, c.tooLow()
	case magnitude > 1e9:
		return 0, c.tooHigh()
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, c.noNumber()
	}
	hundredths := exact.Mul(exact, big.NewRat(100, 1))
	if !hundredths.IsInt() {
		return 0, c.tooFine()
	}
	price = Amount(hundredths.Num().Int64())
	if complaint = c.Complaint(price); complaint != "" {
		return 0, complaint
	}
	return price, ""
}

// Complaint is why no card can be charged an amount, "" when it can.
func (c Currency) Complaint(a Amount) string {
	switch {
	case a <= 0:
		return notPositive
	case a < c.Least():
		return c.tooLow()
	case a > c.Most():
		return c.tooHigh()
	case c.Whole() && a%100 != 0:
		return c.tooFine()
	}
	return ""
}

func (c Currency) tooLow() string  { return "The lowest price is " + c.Print(c.Least()) }
func (c Currency) tooHigh() string { return "The highest price is " + c.Print(c.Most()) }

func (c Currency) tooFine() string {
	if c.Whole() {
		return "Price must have no decimals"
	}
	return "Price must have at most two decimals"
}

func (c Currency) noCommas() string {
	if c.Whole() {
		return "Price must be a number without commas, such as 1200"
	}
	return "Price must be a number without commas; decimals stand behind a point, as in 19.99"
}

func (c Currency) noNumber() string {
	example := "25 or 19.99"
	if c.Whole() {
		example = "1200"
	}
	return "Price must be a number in " + strings.ToUpper(string(c)) + ", such as " + example
}
