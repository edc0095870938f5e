package main

import (
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"

	"marketplace/tests/inbox/plain"
)

// letter is a mail as its reader sees it.
type letter struct {
	Subject string   `json:"subject"`
	Sender  string   `json:"sender"` // the From header
	HTML    string   `json:"html,omitempty"`
	Text    string   `json:"text,omitempty"` // its own text, else the words of the HTML
	Links   []string `json:"links"`
}

// read takes a mail apart. What cannot be read is left out, with the reason as the text.
func read(source string) letter {
	m, err := mail.ReadMessage(strings.NewReader(source))
	if err != nil {
		return letter{Text: fmt.Sprintf("not a mail: %v", err)}
	}
	words := new(mime.WordDecoder)
	head := func(name string) string {
		text, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			return m.Header.Get(name)
		}
		return text
	}
	l := letter{Subject: head("Subject"), Sender: head("From"), Links: []string{}}
	if err := l.part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body); err != nil {
		l.Text = fmt.Sprintf("cannot be read: %v", err)
	}
	for _, found := range href.FindAllStringSubmatch(l.HTML, -1) {
		l.Links = append(l.Links, html.UnescapeString(found[1]))
	}
	if l.Text == "" {
		l.Text = plain.Of(l.HTML)
	}
	return l
}

var href = regexp.MustCompile(`href="([^"]*)"`)

func (l *letter) part(contentType, encoding string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := l.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	text, err := io.ReadAll(body)
	switch {
	case err != nil:
		return err
	case kind == "text/html":
		l.HTML += string(text)
	case kind == "text/plain":
		l.Text += string(text)
	}
	return nil
}
