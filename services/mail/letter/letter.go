// Package letter is what mails say: from news of an order, a handover or an account to a subject and a page that mail
// programs show. Pure rules; every word of a stranger in it is made harmless here.
package letter

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"marketplace/shared/money"
)

//go:embed letter.html
var files embed.FS

var page = template.Must(template.New("letter.html").ParseFS(files, "letter.html"))

// Letter is a mail as it leaves: one line, and a page. There is no text beside it: Dapr's SMTP binding sends one part, as
// HTML. So the page is words in reading order, with every address of ours written out, for who reads it without HTML.
type Letter struct {
	Subject string
	HTML    []byte
}

// Desk writes letters.
type Desk struct {
	Site     *url.URL // where links lead
	Currency money.Currency
}

// Write writes the letter about n. path is of the link that opens the account, for a kind that carries one.
func (d Desk) Write(n News, path string) (Letter, error) {
	w, known := wordings[n.Kind]
	if !known {
		return Letter{}, fmt.Errorf("no wording for %q", n.Kind)
	}
	text := w(d, n)
	if path != "" {
		text.Path = path
	}
	view := struct {
		words
		Link, Home, Host string
		Ticket           *ticket
	}{text, "", d.Site.JoinPath("/").String(), d.Site.Host, d.ticketOf(n)}
	view.Subject, view.Quote = said(Line(text.Subject)), said(text.Quote)
	if text.Path != "" {
		link, err := d.Site.Parse(text.Path)
		if err != nil || link.Host != d.Site.Host {
			return Letter{}, fmt.Errorf("%q is no path of the site", text.Path)
		}
		view.Link = link.String()
	}
	var out bytes.Buffer
	if err := page.Execute(&out, view); err != nil {
		return Letter{}, err
	}
	return Letter{Subject: view.Subject, HTML: out.Bytes()}, nil
}

// longestLine is a subject that mail programs show whole, more or less.
const longestLine = 120

// Line is text as one line: without what would end it, hide it or turn it round.
func Line(text string) string {
	text = strings.Join(strings.Fields(strings.Map(visible, text)), " ")
	if runes := []rune(text); len(runes) > longestLine {
		text = strings.TrimSpace(string(runes[:longestLine-1])) + "…"
	}
	return text
}
