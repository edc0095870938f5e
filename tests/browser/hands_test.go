package browser

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// do performs actions; a failure leaves a screenshot.
func (p *person) do(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.gaveUp("%v", err)
	}
}

func (p *person) gaveUp(format string, args ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	var png []byte
	if chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)) == nil {
		save(p.t, "failed-"+strings.ReplaceAll(p.t.Name(), "/", "-"), png)
	}
	require.FailNow(p.t, fmt.Sprintf(format, args...), "at %s", p.path())
}

func (p *person) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

func (p *person) types(field, text string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(field, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, field), nil),
		chromedp.SendKeys(field, text, chromedp.ByQuery))
}

// clicks presses the visible button, link, choice or summary with that text. One that a page replaces by its like before it was
// pressed is looked for again.
func (p *person) clicks(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		p.until("there is a “"+text+"” to click", fmt.Sprintf(`(() => {
		const el = ["main button", "main a, main label, main summary", "button, a"].flatMap((s) => [...document.querySelectorAll(s)]).find((el) => el.checkVisibility() && !el.disabled && el.innerText.replace(/\s+/g, " ").trim().startsWith(%q));
		document.querySelectorAll("[data-test]").forEach((el) => el.removeAttribute("data-test"));
		el?.setAttribute("data-test", "");
		return Boolean(el);
	})()`, text))
		gone := false
		p.do(chromedp.ActionFunc(func(ctx context.Context) error {
			var found []*cdp.Node
			if err := chromedp.Nodes("[data-test]", &found, chromedp.ByQueryAll, chromedp.AtLeast(0)).Do(ctx); err != nil {
				return err
			}
			if gone = len(found) == 0; gone {
				return nil
			}
			err := chromedp.MouseClickNode(found[0]).Do(ctx)
			if err != nil && isGone.MatchString(err.Error()) && time.Now().Before(deadline) {
				gone, err = true, nil
			}
			return err
		}))
		if !gone {
			return
		}
	}
}

// isGone is how Chromium says that there is no such element any more: it was not pressed.
var isGone = regexp.MustCompile(`(?i)find node|detached|layout object|content quads`)

// sees waits for a text on the page.
func (p *person) sees(text string) {
	p.t.Helper()
	p.until("the page says “"+text+"”", fmt.Sprintf(`Boolean(document.body?.innerText.toLowerCase().includes(%q))`, strings.ToLower(text)))
}

// misses checks that a text is not on the page now.
func (p *person) misses(text string) {
	p.t.Helper()
	p.until("the page does not say “"+text+"”", fmt.Sprintf(`!document.body?.innerText.toLowerCase().includes(%q)`, strings.ToLower(text)))
}

// until waits for a script's value to be true.
func (p *person) until(what, script string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		var ok bool
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		err := chromedp.Run(ctx, chromedp.Evaluate(script, &ok)) // fails while a page is being changed for another
		cancel()
		if err == nil && ok {
			return
		}
	}
	p.gaveUp("waited in vain until %s", what)
}

// is reads a script's value.
func (p *person) is(script string, value any) {
	p.t.Helper()
	p.do(chromedp.Evaluate(script, value, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
}

// live waits until the page hears of changes.
func (p *person) live() {
	p.t.Helper()
	p.until("the page is live", `document.documentElement.dataset.live === "yes"`)
}

// path is where the browser is.
func (p *person) path() string {
	var where string
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	_ = chromedp.Run(ctx, chromedp.Location(&where)) // "" when it cannot tell
	u, err := url.Parse(where)
	if err != nil {
		return where
	}
	return u.Path
}

// at waits until the browser is at a path that begins like this.
func (p *person) at(prefix string) {
	p.t.Helper()
	p.until("the browser is at "+prefix, fmt.Sprintf(`location.pathname.startsWith(%q)`, prefix))
}

// press clicks what a selector finds, for goroutines, where a test must not end.
func (p *person) press(selector string) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Click(selector, chromedp.ByQuery))
}
