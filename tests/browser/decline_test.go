package browser

import "testing"

// A card is refused in words; another pays.
func TestDeclineThenPay(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Ella Fitzgerald, balcony", "45")
	buyer.open(path)
	buyer.clicks("Buy this ticket")
	buyer.sees("No real money moves here")
	order := buyer.path()

	buyer.clicks("Visa •••• 9995")
	buyer.clicks("Pay ")
	buyer.sees("Your card has insufficient funds.")
	buyer.sees("Nothing was charged. You can try again")
	buyer.back(order)
	buyer.open(order)
	buyer.sees("Your card has insufficient funds.") // a reload is harmless and tells the same
	photograph(t, buyer, "order-declined")
	buyer.clicks("Visa •••• 0069")
	buyer.clicks("Pay ")
	buyer.sees("Your card has expired.")

	buyer.until("the keyboard is at what was said", `document.activeElement.matches(".alert")`)

	buyer.clicks("Visa •••• 4242")
	buyer.clicks("Pay ")
	buyer.sees("It is yours")
	buyer.sees("A card was refused: Your card has insufficient funds.") // paying does not unsay it
	buyer.sees("A card was refused: Your card has expired.")
	buyer.sees("Your card was charged")
	buyer.open(order + "/pay") // the form's own address
	buyer.back(order)
}
