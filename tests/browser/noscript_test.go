package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"marketplace/services/handover/content/contenttest"
)

// Everything but live changes works without JavaScript.
func TestWithoutJavaScript(t *testing.T) {
	base := market(t)
	seller, buyer := visitor(t, base), visitor(t, base)
	for _, p := range []*person{seller, buyer} {
		p.do(emulation.SetScriptExecutionDisabled(true))
		p.signsUp()
	}
	seller.listsWith("ticket.png", contenttest.PNG(), "Glenn Gould, organ loft", "20")
	seller.sees("with what gets one in")
	path := seller.path()
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
	buyer.follows("Here is your ticket: Glenn Gould", "/orders/")
	buyer.clicks("Open the ticket")
	buyer.sees("This gets you in")
	buyer.until("the picture is there", `document.querySelector("img.shown").naturalWidth > 0`)
	seller.follows("Sold: Glenn Gould", "/sales")
	seller.sees("Opened")
	buyer.open("/orders")
	buyer.sees("Paid")
	buyer.clicks("Sign out")
	buyer.sees("You are signed out")
}
