package main

import (
	"hash/fnv"
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
		"long":     func(a money.Amount) bool { return utf8.RuneCountInString(currency.Print(a)) > 8 }, // needs smaller print
		"utc":      func(t clock.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"state":    stateOf,
		"tone":     tone,
		"number":   number,
		"fours":    fours,
		"qr":       qrCode,
		"left":     left,
		"quoted":   quoted,
	}
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
