package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// Everything but live changes works without JavaScript.
func TestWithoutJavaScript(t *testing.T) {
	base := market(t)
	seller, buyer := visitor(t, base), visitor(t, base)
	for _, p := range []*person{seller, buyer} {
		p.do(emulation.SetScriptExecutionDisabled(true))
		p.signsUp()
	}
	path := seller.sells("Glenn Gould, organ loft", "20")
	seller.until("nothing ran", `!document.documentElement.dataset.live`)
	seller.clicks("Edit title or price")
	seller.types("#price", "21.5")
	seller.clicks("Save the changes")
	seller.sees("$21.50")

	buyer.open("/?q=gould")
	buyer.clicks("Glenn Gould")
	buyer.at(path)
	buyer.clicks("Buy this ticket")
	buyer.sees("UTC. After that it goes back on the market")
	buyer.misses("Held for you for")                            // a countdown that stands still would be a lie
	snap(t, buyer, "order-without-javascript", func(string) {}) // axe needs JavaScript
	buyer.clicks("Visa •••• 0002")
	buyer.clicks("Pay ")
	buyer.sees("Your card was declined.")
	buyer.clicks("Visa •••• 4242")
	buyer.clicks("Pay ")
	buyer.sees("It is yours")
	buyer.sees("UTC")
	buyer.open("/orders")
	buyer.sees("Paid")
	buyer.clicks("Sign out")
	buyer.sees("You are signed out")
}
