// Package plain is what is left of HTML without its tags.
package plain

import (
	"html"
	"regexp"
	"strings"
)

var (
	unseen = regexp.MustCompile(`(?is)<(style|title|script)\b.*?</(style|title|script)>`)
	breaks = regexp.MustCompile(`(?i)</(p|h1|h2|tr|td|div|blockquote)>|<br */?>`)
	tags   = regexp.MustCompile(`(?s)<[^>]*>`)
	blanks = regexp.MustCompile(`[ \t]+`)
	lines  = regexp.MustCompile(`\s*\n\s*`)
)

// Of is what a program shows that knows no HTML but leaves out tags.
func Of(text string) string {
	text = strings.ReplaceAll(unseen.ReplaceAllString(text, ""), "\n", " ")
	text = tags.ReplaceAllString(breaks.ReplaceAllString(text, "\n"), "")
	return strings.TrimSpace(lines.ReplaceAllString(blanks.ReplaceAllString(html.UnescapeString(text), " "), "\n"))
}
