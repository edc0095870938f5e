package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
)

// chooses puts a file into the form of the page.
func (p *person) chooses(name string, file []byte) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	require.NoError(p.t, os.WriteFile(path, file, 0o600))
	p.do(chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery))
}

// buysAt buys the ticket at a path, and comes to its order's page.
func (p *person) buysAt(path string) (order string) {
	p.t.Helper()
	p.open(path)
	p.clicks("Buy this ticket")
	p.at("/orders/")
	p.clicks("Pay ")
	p.sees("It is yours")
	return p.path()
}

// A seller attaches the ticket, its buyer opens it, the seller's sales say so; the buyer reports it, and that says so, too.
func TestHandOver(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Gilberto Gil, with its file", "40")
	seller.open(path)
	seller.sees("Nothing is attached yet")
	seller.clicks("Attach the ticket")
	seller.sees("What gets one in")
	photograph(t, seller, "attach")
	seller.clicks("Attach it")
	seller.sees("Choose a file")
	seller.chooses("../ticket.pdf", []byte("<script>alert(1)</script>"))
	seller.clicks("Attach it")
	seller.sees("must be a PDF")
	photograph(t, seller, "attach-refused")
	seller.chooses("ticket.pdf", contenttest.PNG())
	seller.clicks("Attach it")
	seller.at(path)
	seller.sees("Attached: a picture")

	buyer.buysAt(path)
	buyer.sees("Your ticket is here")
	photograph(t, buyer, "order-handed-over")
	seller.open("/sales")
	seller.sees("Handed over")
	buyer.clicks("Open the ticket")
	buyer.sees("This gets you in")
	buyer.until("the picture is there", `document.querySelector("img.shown").naturalWidth > 0`)
	photograph(t, buyer, "order-opened")
	seller.sees("Opened") // on the page that was open all the time
	buyer.clicks("It did not work?")
	buyer.types("#words", "The door said that it was used before")
	buyer.clicks("Report the ticket")
	buyer.sees("You have reported that it did not work")
	photograph(t, buyer, "order-reported")
	seller.sees("Your money waits")
	photograph(t, seller, "sales")
}

// Nothing is attached: the buyer has his money back by himself, and both pages say why, and both are written to.
func TestNotHandedOver(t *testing.T) {
	base := strict(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	seller.verifies()
	path := seller.sells("Handed over never", "40")
	seller.open("/sales")
	buyer.buysAt(path)
	buyer.sees("On its way to you")
	seller.open("/sales")
	seller.sees("To hand over")
	buyer.sees("did not hand the ticket over in time")
	buyer.sees("Your money was returned")
	seller.sees("Refunded")
	seller.sees("It was not handed over in time")
	seller.isSent("Sold, hand it over now: Handed over never")
	seller.isSent("The sale is off: Handed over never")
	buyer.isSent("Money back: Handed over never")
}
