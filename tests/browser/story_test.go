package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"marketplace/services/handover/content/contenttest"
)

// strict is the site where sellers are verified, and have to be quick.
func strict(t *testing.T) string {
	return start(t, map[string]string{"HANDOVER_WITHIN": "8s", "SELLERS_VERIFIED": "true"})
}

// listsWith lists a ticket with a file, in one form.
func (p *person) listsWith(name string, file []byte, title, price string) {
	p.t.Helper()
	p.open("/sell")
	p.types("#title", title)
	p.types("#price", price)
	p.fills(someday())
	p.chooses(name, file)
	p.clicks("List the ticket")
}

// A ticket is listed with its file, bought, opened, reported and decided, and everybody can go by letters alone: each says what
// happened, and its link leads to where something can be done about it.
func TestByLetter(t *testing.T) {
	base := strict(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	const title = "Mercedes Sosa, Teatro Colón"
	seller.listsWith("ticket.png", contenttest.PNG(), title, "85")
	seller.sees("Verify your e-mail address first")
	seller.sees("Choose the file again")
	seller.verifies()
	seller.listsWith("ticket.html", []byte("<script>alert(1)</script>"), title+", twice?", "85")
	seller.at("/tickets/")
	seller.sees("Your ticket is listed, but nothing is attached to it yet.")
	seller.sees("must be a PDF")
	photograph(t, seller, "attach-after-listing")
	seller.chooses("ticket.png", contenttest.PNG())
	seller.clicks("Attach it")
	seller.sees("Attached: a picture")
	seller.open("/selling")
	seller.until("it is listed once", `document.querySelectorAll("main .row").length === 1`)
	seller.listsWith("ticket.png", contenttest.PNG(), title, "85")
	seller.sees("with what gets one in")
	seller.sees("Attached: a picture")
	photograph(t, seller, "ticket-mine-with-content")

	order := buyer.buysAt(seller.path())
	receipt, sold := buyer.isSent("Yours: "+title), seller.isSent("Sold: "+title)
	buyer.follows("Here is your ticket: "+title, order)
	buyer.clicks("Open the ticket")
	buyer.until("the picture is there", `document.querySelector("img.shown").naturalWidth > 0`)
	seller.follows("Sold: "+title, "/sales")
	seller.sees("Opened")

	buyer.clicks("It did not work?")
	buyer.types("#words", "The door said that it was used before")
	buyer.clicks("Report the ticket")
	seller.follows("Reported: "+title, "/sales")
	seller.sees("Your money waits")
	olga := visitor(t, base)
	olga.Email = "operator@example.com"
	olga.signsUp()
	olga.verifies()
	olga.clicks("Sign out") // a session says what was so when it began
	olga.sees("You are signed out")
	olga.open("/signin")
	olga.types("#email", olga.Email)
	olga.types("#password", password)
	olga.clicks("Sign in")
	olga.sees("Signed in as")
	olga.is(fmt.Sprintf(`fetch("/api/handovers/%s/decision", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"decision":"refund"}' })
		.then((r) => { if (!r.ok) throw new Error(r.status); })`, order[len("/orders/"):]), nil)
	buyer.sees("Your money was returned")
	buyer.follows("Decided for you: "+title, order)
	buyer.sees("we decided for you")
	photograph(t, buyer, "order-decided")
	buyer.isSent("Money back: " + title)
	seller.follows("The sale is off: "+title, "/sales")
	seller.sees("Refunded")
	photograph(t, seller, "sales-refunded")

	buyer.clicks("Sign out")
	buyer.sees("You are signed out")
	buyer.open("/forgot")
	buyer.types("#email", buyer.Email)
	buyer.clicks("Send me a link")
	buyer.follows("Choose a new password", "/reset")
	photograph(t, buyer, "reset-open")
	buyer.types("#password", "battery staple")
	buyer.clicks("Take this one")
	buyer.sees("Your new password is good. Sign in with it.")
	buyer.types("#email", buyer.Email)
	buyer.types("#password", "battery staple")
	buyer.clicks("Sign in")
	buyer.sees("Signed in as")
	buyer.isSent("Your password was changed")
	buyer.open(order)
	buyer.sees(title)

	forgotten := buyer.isSent("Choose a new password")
	buyer.shows(receipt, "letter-receipt")
	buyer.shows(forgotten, "letter-forgotten")
	seller.shows(sold, "letter-sold")
	seller.do(chromedp.Navigate(running.stack.InboxURL))
	snap(t, seller, "letters", func(string) {})
}
