package main

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"

	"marketplace/shared/clock"
	"marketplace/shared/money"
)

// words is what templates can say besides HTML.
func (l *look) words(currency money.Currency) template.FuncMap {
	return template.FuncMap{
		"asset":    func(file string) string { return "/static/" + l.edition + "/" + file },
		"currency": func() money.Currency { return currency },
		"money":    currency.Print,
		"plain":    currency.Plain,
		"size":     func(a money.Amount) string { return size(currency.Print(a)) },
		"utc":      func(t clock.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"state":    stateOf,
		"off":      off,
		"on":       func(t ticket, now clock.Time) shelved { return shelved{t, now} },
		"tone":     tone,
		"day":      day,
		"hour":     hour,
		"place":    place,
		"seat":     seat,
		"regions":  func() []region { return regions },
		"known":    isListed,
		"past":     past,
		"facts":    facts,
		"number":   number,
		"fours":    fours,
		"qr":       qrCode,
		"left":     left,
		"happened": func(what string) string { return cmp.Or(happened[what], what) },
		"quoted":   quoted,
		"trouble":  func(kind string) string { return cmp.Or(troubles[kind], kind) },
	}
}

// size says how small a price is printed, so that it stays in one piece. local.js has the same.
func size(price string) string {
	switch n := utf8.RuneCountInString(price); {
	case n > 10:
		return "longer"
	case n > 7:
		return "long"
	}
	return ""
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
