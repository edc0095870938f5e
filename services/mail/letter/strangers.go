package letter

import (
	"strings"
	"unicode"
)

// visible drops what is not seen and does something all the same: control characters, and those that turn the direction of
// what follows. Line breaks become spaces.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner, r == unicode.ReplacementChar:
		return -1
	}
	return r
}

const (
	zeroWidthJoiner    = '\u200d' // holds emoji together
	zeroWidthNonJoiner = '\u200c' // not seen, and no part of an address
)

// said is a stranger's words, to be shown and not to be followed: mail programs make a link of whatever looks like an
// address, and a listing's title must not become one in a mail of ours.
func said(text string) string {
	text = strings.Join(strings.Fields(strings.Map(visible, text)), " ")
	runes := []rune(text)
	var out strings.Builder
	for i, r := range runes {
		out.WriteRune(r)
		if strings.ContainsRune(".:/@", r) && i+1 < len(runes) && runes[i+1] != ' ' {
			out.WriteRune(zeroWidthNonJoiner)
		}
	}
	return out.String()
}
