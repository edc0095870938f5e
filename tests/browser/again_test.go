package browser

import "testing"

// Who gives a ticket back by mistake is told how long to wait for it.
func TestGivenBackByMistake(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Django Reinhardt, front row", "30")
	buyer.open(path)
	buyer.clicks("Buy this ticket")
	buyer.clicks("Give the ticket back")
	buyer.sees("You gave it back")
	buyer.clicks("See whether it is still there")
	buyer.at(path)
	buyer.clicks("Buy this ticket")
	buyer.sees("You gave this ticket back, and for a while it is there for others. Please wait 5 minutes")
	photograph(t, buyer, "ticket-wait")
}
