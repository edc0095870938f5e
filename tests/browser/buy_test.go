package browser

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// From the front page to the proof of purchase, signing up on the way.
func TestBuy(t *testing.T) {
	base := market(t)
	seller := newcomer(t, base)
	path := seller.sells("Buena Vista Social Club, stalls", "1234.50")
	seller.live()

	buyer := visitor(t, base)
	buyer.open("/?q=BUENA+vista")
	buyer.sees("$1,234.50")
	buyer.clicks("Buena Vista")
	buyer.at(path)
	buyer.clicks("Sign in to buy")
	buyer.clicks("Sign up")
	buyer.types("#email", buyer.Email)
	buyer.types("#password", password)
	buyer.clicks("Sign up")
	buyer.at(path) // back at what he came for
	buyer.clicks("Buy this ticket")
	buyer.at("/orders/")
	order := buyer.path()
	buyer.sees("Held for you for")
	var count string
	buyer.is(`document.querySelector(".count").innerText`, &count)
	assert.Regexp(t, `^1[45]:\d\d$`, count)
	buyer.until("the countdown runs", `document.querySelector(".count").innerText !== "`+count+`"`)
	seller.sees("On hold") // on the page that was open all the time
	seller.misses("Edit title or price")

	buyer.clicks("Pay $1,234.50")
	buyer.sees("It is yours")
	buyer.at(order)
	buyer.sees("Proof of purchase")
	buyer.until("its code is a picture too", `document.querySelector("svg.qr").getBoundingClientRect().width > 100`)
	seller.sees("Its buyer waits for it")
	buyer.open("/orders")
	buyer.sees("Buena Vista Social Club")
	buyer.sees("Paid")

	seller.open(order)
	seller.sees("Nothing here") // only its owner can open it
	guest := visitor(t, base)
	guest.open(order)
	guest.at("/signin")
}

// Two clicks on one button are one.
func TestDoubleClick(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	seller.open("/sell")
	seller.types("#title", "Sold once")
	seller.types("#price", "5")
	seller.fills(someday())
	// Past the script that would keep the second back, both from the same form.
	seller.is(`(async () => {
		const form = document.querySelector("form.sheet"), body = new URLSearchParams(new FormData(form));
		return Promise.all([1, 2].map(() => fetch("/sell", { method: "POST", body }).then((r) => r.url)));
	})().then(([a, b]) => { document.title = a === b ? "one" : "two" })`, nil)
	seller.until("both led to one ticket", `document.title === "one"`)
	seller.open("/selling")
	var tickets int
	seller.is(`document.querySelectorAll(".row").length`, &tickets)
	assert.Equal(t, 1, tickets)

	buyer.open("/?q=sold+once")
	buyer.clicks("Sold once")
	buyer.sees("Buy this ticket")
	var same bool
	buyer.is(`Promise.all([1, 2].map(() => fetch(location.pathname + "/buy", { method: "POST" }).then((r) => r.url)))
		.then(([a, b]) => a === b && a.includes("/orders/"))`, &same)
	assert.True(t, same, "both led to the same order")
}
