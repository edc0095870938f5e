package main

import (
	"regexp"
	"strings"
	"unicode"

	"marketplace/shared/money"
)

var (
	// digits, with what people put between them.
	digits = regexp.MustCompile(`[0-9](?:[0-9., ]*[0-9])?`)
	// grouped is a number without decimals: with one mark between its thousands, or lakhs, or none.
	grouped = regexp.MustCompile(`^(?:[0-9]+|[0-9]{1,3}(?:(?: [0-9]{2,3})* |(?:\.[0-9]{2,3})*\.|(?:,[0-9]{2,3})*,)[0-9]{3})$`)
	marks   = strings.NewReplacer(" ", "", ".", "", ",", "")
)

// typedPrice turns a price as people write it, in whatever language, into the API's form: "$1,234.50" and "1.234,50 $" are
// 1234.50. mark is what stands before the decimals of the prices on the visitor's page: with it 1,234 can be read too. What
// can be meant in two ways, or is no price in our currency, stays as it is: the API says what is wrong.
func typedPrice(typed, mark string, c money.Currency) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '\'', r == '’': // all of them stand between thousands somewhere
			return ' '
		case unicode.Is(unicode.Cf, r): // directions of writing
			return -1
		}
		return r
	}, typed)
	found := digits.FindString(text)
	beside := strings.TrimSpace(strings.Replace(text, found, "", 1))
	if found == "" || beside != "" && !isSign(beside, c) {
		return typed
	}
	if plain := plainNumber(found, mark, c.Whole()); plain != "" {
		return plain
	}
	return typed
}

// isSign tells whether text stands for the currency: its code, or its sign, with or without the beginning of the code: US$.
func isSign(text string, c money.Currency) bool {
	code, sign, text := strings.ToUpper(string(c)), strings.ToUpper(c.Sign()), strings.ToUpper(strings.ReplaceAll(text, "￥", "¥"))
	country, signed := strings.CutPrefix(text, sign)
	if !signed {
		country, signed = strings.CutSuffix(text, sign)
	}
	return text == code || signed && strings.HasPrefix(code, country)
}

// plainNumber takes the marks between thousands away and puts a point before the decimals. It returns "" when text can be
// read in two ways, or in none.
func plainNumber(text, mark string, whole bool) string {
	last := strings.LastIndexAny(text, ".,")
	if last < 0 || whole || strings.Count(text, text[last:last+1]) > 1 { // there are no decimals
		if grouped.MatchString(text) {
			return marks.Replace(text)
		}
		return ""
	}
	before, decimals := text[:last], text[last+1:]
	if !grouped.MatchString(before) {
		return ""
	}
	if len(decimals) == 3 && marks.Replace(before) == before { // 1,234 is more than a thousand to some, and little more than one to others
		if mark != "" && !strings.Contains(text, mark) && grouped.MatchString(text) {
			return marks.Replace(text)
		}
		return ""
	}
	return marks.Replace(before) + "." + decimals
}
