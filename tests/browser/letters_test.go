package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// letters are those that an address was sent so far, oldest first.
func letters(t *testing.T, address string) []stack.Mail {
	t.Helper()
	all, err := running.stack.Mails(t.Context(), address)
	require.NoError(t, err)
	return all
}

// isSent waits for the latest letter whose subject begins like this.
func (p *person) isSent(subject string) (found stack.Mail) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); found.ID == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, l := range letters(p.t, p.Email) {
			if strings.HasPrefix(l.Subject, subject) {
				found = l
			}
		}
	}
	require.NotZero(p.t, found.ID, "no letter %q among %v", subject, letters(p.t, p.Email))
	return found
}

// follows opens the link of such a letter that leads there.
func (p *person) follows(subject, path string) {
	p.t.Helper()
	l := p.isSent(subject)
	for _, link := range l.Links {
		if strings.HasPrefix(link, p.base+path) {
			p.do(chromedp.Navigate(link))
			return
		}
	}
	require.Fail(p.t, "no such link", "to %s in %v", path, l.Links)
}

// verifies opens the link by which an address is known to be somebody's.
func (p *person) verifies() {
	p.t.Helper()
	p.follows("Is this your address?", "/verify")
	p.clicks("Yes, it is mine")
	p.sees("Your address is verified.")
}

// shows the letter on the inbox's page, and photographs it.
func (p *person) shows(l stack.Mail, name string) {
	p.t.Helper()
	p.do(chromedp.Navigate(fmt.Sprint(running.stack.InboxURL, "/mails/", l.ID)))
	snap(p.t, p, name, func(string) {})
}
