package main

import (
	"hash/fnv"
	"html/template"
	"slices"
	"strings"

	"marketplace/shared/clock"
	"marketplace/shared/money"
)

// words is what templates can say besides HTML.
func (l *look) words(currency string) template.FuncMap {
	return template.FuncMap{
		"asset":    func(file string) string { return "/static/" + l.edition + "/" + file },
		"currency": func() string { return currency },
		"money":    func(a money.Amount) string { return symbol(currency) + grouped(a.String()) },
		"long":     func(a money.Amount) bool { return a >= 1000_00 }, // needs smaller print
		"utc":      func(t clock.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"state":    stateOf,
		"tone":     tone,
		"number":   number,
		"fours":    fours,
		"qr":       qrCode,
		"left":     left,
	}
}

// symbol is what stands before an amount.
func symbol(currency string) string {
	if s, known := map[string]string{"usd": "$", "eur": "€", "gbp": "£"}[strings.ToLower(currency)]; known {
		return s
	}
	return strings.ToUpper(currency) + " "
}

// grouped puts commas between the thousands of "1234.50".
func grouped(amount string) string {
	whole, cents, _ := strings.Cut(amount, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + cents
}

// tones is how many colours tickets come in; site.css has each.
const tones = 6

// tone is a ticket's colour, the same on every page.
func tone(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % tones)
}

// number is what is printed on a ticket to tell it from others, and proves nothing: the end of its id.
func number(id string) string { return fours(strings.ToUpper(id[max(len(id)-8, 0):])) }

// fours writes a code in groups of four, to be read out.
func fours(code string) string {
	var groups []string
	for group := range slices.Chunk([]byte(code), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// left is the time from now to then, as a countdown shows it.
func left(now, then clock.Time) string {
	seconds := max(int(then.Sub(now.Time).Seconds()), 0)
	two := func(n int) string { return string(rune('0'+n/10%10)) + string(rune('0'+n%10)) }
	if seconds >= 3600 {
		return two(seconds/3600) + ":" + two(seconds/60%60) + ":" + two(seconds%60)
	}
	return two(seconds/60) + ":" + two(seconds%60)
}
