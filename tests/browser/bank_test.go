package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A card's bank wants to know that it is its customer: he refuses, then approves with another card. It is all links and
// forms, so it works without JavaScript too.
func TestTheBankConfirms(t *testing.T) {
	base := market(t)
	for name, script := range map[string]bool{"": true, "-without-javascript": false} {
		t.Run("story"+name, func(t *testing.T) {
			seller, buyer := newcomer(t, base), visitor(t, base)
			take := photograph
			if !script {
				buyer.do(emulation.SetScriptExecutionDisabled(true))
				take = func(t *testing.T, p *person, name string) { snap(t, p, name, func(string) {}) } // axe needs JavaScript
			}
			buyer.signsUp()
			path := seller.sells("Mercedes Sosa, stalls"+name, "55")
			buyer.open(path)
			buyer.clicks("Buy this ticket")
			buyer.at("/orders/")
			order := buyer.path()
			buyer.clicks("Visa •••• 3184")
			buyer.clicks("Pay ")
			buyer.sees("Your bank wants to confirm that it is you")
			take(t, buyer, "order-bank"+name)
			buyer.open(order) // a reload asks nobody again
			buyer.clicks("Go to your bank")
			buyer.at("/3d_secure/")
			buyer.sees("$55.00")
			take(t, buyer, "bank"+name)

			buyer.clicks("Refuse")
			buyer.sees("We are unable to authenticate your payment method")
			buyer.sees("Nothing was charged. You can try again")
			buyer.back(order)
			take(t, buyer, "order-bank-refused"+name)
			buyer.clicks("Visa •••• 3220")
			buyer.clicks("Pay ")
			buyer.clicks("Go to your bank")
			buyer.clicks("Approve")
			buyer.sees("It is yours")
			buyer.back(order)
			seller.open("/selling")
			seller.sees("Sold")
		})
	}
}

// back waits until the browser is at a page whose address tells nothing of the payment.
func (p *person) back(path string) {
	p.t.Helper()
	p.until("the browser is back at "+path, `location.pathname + location.search === "`+path+`"`)
}

// Whoever cannot ask his bank takes another card; the bank's page is over then.
func TestAnotherCardInsteadOfTheBank(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Fairuz, gallery", "30")
	buyer.open(path)
	buyer.clicks("Buy this ticket")
	buyer.clicks("Visa •••• 3184")
	buyer.clicks("Pay ")
	buyer.sees("Your bank wants to confirm that it is you")
	var bank string
	buyer.is(`document.querySelector("main a.big").href`, &bank)
	buyer.clicks("Use another card instead")
	buyer.clicks("Visa •••• 4242")
	buyer.clicks("Pay ")
	buyer.sees("It is yours")
	buyer.do(chromedp.Navigate(bank))
	buyer.sees("This payment is over")
	photograph(t, buyer, "bank-over")
	buyer.clicks("Back to the shop")
	buyer.sees("It is yours")
}

// Whoever does not answer his bank in time has bought nothing and paid nothing, and the page that waited for him says so.
func TestTheBankIsAskedInVain(t *testing.T) {
	base := start(t, map[string]string{"ORDER_HOLD": "10s", "CHECKOUT_LIMIT": "10s"})
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Umm Kulthum, box", "80")
	buyer.open(path)
	buyer.clicks("Buy this ticket")
	buyer.clicks("Visa •••• 3184")
	buyer.clicks("Pay ")
	buyer.sees("Your bank wants to confirm that it is you")
	var bank string
	buyer.is(`document.querySelector("main a.big").href`, &bank)
	buyer.sees("Time ran out") // by itself
	buyer.sees("Nothing was charged")
	buyer.do(chromedp.Navigate(bank))
	buyer.sees("This payment is over")
}
