package browser

import "testing"

// A buyer lets the time run out while he and others watch; then somebody else takes the ticket.
func TestExpireWhileWatching(t *testing.T) {
	base := hasty(t)
	seller, slow, waiting := newcomer(t, base), newcomer(t, base), newcomer(t, base)
	path := seller.sells("The Cure, standing", "60")
	waiting.open(path)
	waiting.sees("Buy this ticket")
	waiting.live()
	slow.open(path)
	slow.clicks("Buy this ticket")
	slow.sees("Held for you for")
	waiting.sees("Somebody is at the checkout with it")
	waiting.misses("Buy this ticket")

	slow.sees("Time ran out") // by itself
	slow.sees("Nothing was charged")
	waiting.sees("Buy this ticket") // by itself
	waiting.clicks("Buy this ticket")
	waiting.at("/orders/")
	waiting.clicks("Pay ")
	waiting.sees("It is yours")
	slow.clicks("See whether it is still there")
	slow.sees("This one is gone")
}
