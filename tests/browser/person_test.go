package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// person sits in front of a browser of his own: no cookies, one window.
type person struct {
	t     *testing.T
	ctx   context.Context
	base  string
	Email string
}

const password = "correct horse"

var people atomic.Int64

func visitor(t *testing.T, base string) *person {
	t.Helper()
	ctx := window(t)
	p := &person{t: t, ctx: ctx, base: base, Email: fmt.Sprintf("person%d.%d@example.com", people.Add(1), time.Now().UnixNano()%1e6)}
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			t.Errorf("script error: %s", e.ExceptionDetails.Error())
		}
	})
	p.do(chromedp.EmulateViewport(1280, 800))
	return p
}

// window opens one that shares nothing with the others. Chromium wants it to be a window of its own, which
// chromedp.WithNewBrowserContext does not ask for.
func window(t *testing.T) context.Context {
	t.Helper()
	chrome := chrome(t)
	browser := cdp.WithExecutor(chrome, chromedp.FromContext(chrome).Browser)
	profile, err := target.CreateBrowserContext().Do(browser)
	require.NoError(t, err)
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(browser)
	require.NoError(t, err)
	ctx, cancel := chromedp.NewContext(chrome, chromedp.WithTargetID(id))
	t.Cleanup(func() {
		cancel()
		_ = target.DisposeBrowserContext(profile).Do(browser) // the browser ends soon anyway
	})
	require.NoError(t, chromedp.Run(ctx)) // without a deadline: the connection would end with it
	return ctx
}

// newcomer signs up by the form.
func newcomer(t *testing.T, base string) *person {
	t.Helper()
	p := visitor(t, base)
	p.signsUp()
	return p
}

func (p *person) signsUp() {
	p.t.Helper()
	p.open("/signup")
	p.types("#email", p.Email)
	p.types("#password", password)
	p.clicks("Sign up")
	p.sees("Signed in as")
}

// occasion is when and where a ticket is good, as the form has it.
type occasion struct{ date, time, zone, venue, city, section, row, seat, faceValue string }

// someday is good enough for most stories.
func someday() occasion {
	return occasion{date: time.Now().AddDate(0, 2, 0).Format(time.DateOnly), time: "19:30", zone: "Europe/Zurich", venue: "Hallenstadion", city: "Zurich"}
}

// sells lists a ticket by the form and returns its page.
func (p *person) sells(title, price string) string {
	p.t.Helper()
	return p.sellsFor(someday(), title, price)
}

func (p *person) sellsFor(o occasion, title, price string) string {
	p.t.Helper()
	p.open("/sell")
	p.types("#title", title)
	p.types("#price", price)
	p.fills(o)
	p.clicks("List the ticket")
	p.at("/tickets/")
	p.sees(title)
	return p.path()
}

// fills in when and where.
func (p *person) fills(o occasion) {
	p.t.Helper()
	p.do(chromedp.WaitVisible("#venue", chromedp.ByQuery))
	for field, value := range map[string]string{"#date": o.date, "#time": o.time, "#zone": o.zone, "#venue": o.venue, "#city": o.city, "#section": o.section, "#row": o.row, "#seat": o.seat, "#faceValue": o.faceValue} {
		p.is(fmt.Sprintf(`document.querySelector(%q).value = %q; 0`, field, value), nil) // a date is typed in another way in each language
	}
}

// form is the same for who sends it without a browser.
func (o occasion) form(title, price string) url.Values {
	return url.Values{"title": {title}, "price": {price}, "date": {o.date}, "time": {o.time}, "zone": {o.zone}, "venue": {o.venue}, "city": {o.city}, "section": {o.section}, "row": {o.row}, "seat": {o.seat}}
}

// speaks sets the browser's language.
func (p *person) speaks(language string) {
	p.t.Helper()
	p.do(emulation.SetLocaleOverride().WithLocale(language))
}

// prefers sets light or dark.
func (p *person) prefers(scheme string) {
	p.t.Helper()
	p.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// save keeps a screenshot in the folder that git ignores.
func save(t *testing.T, name string, png []byte) {
	t.Helper()
	dir, err := filepath.Abs("../../.screenshots")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
