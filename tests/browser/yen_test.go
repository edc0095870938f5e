package browser

import "testing"

// A market in yen: the form takes the price that the page shows, and what is paid is that price, not its hundredfold.
func TestYen(t *testing.T) {
	base := start(t, map[string]string{"CURRENCY": "jpy"})
	seller, buyer := newcomer(t, base), newcomer(t, base)
	seller.open("/sell")
	seller.sees("From ¥50 to ¥99,999,999, without decimals")
	seller.types("#title", "Kabuki-za, box")
	seller.types("#price", "1200.50")
	seller.fills(someday())
	seller.clicks("List the ticket")
	seller.sees("Price must have no decimals")
	seller.types("#price", "¥99,999,999") // a hundredfold of it could not be charged
	seller.clicks("List the ticket")
	seller.sees("Your ticket is listed")
	seller.sees("¥99,999,999")
	seller.clicks("Edit title or price")
	seller.until("the form holds the price", `document.querySelector("#price").value === "99999999"`)

	buyer.open("/")
	buyer.clicks("Kabuki-za")
	buyer.clicks("Buy this ticket")
	buyer.clicks("Pay ¥99,999,999")
	buyer.sees("It is yours")
}
