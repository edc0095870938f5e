package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What was done is said once: not on a reload, and not to whoever is sent the address. A refusal stays for one reload, and
// has the keyboard.
func TestSaidOnce(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	path := seller.sells("Edith Piaf, Olympia", "40")
	seller.sees("Your ticket is listed")
	var address string
	seller.is(`location.pathname + location.search`, &address)
	assert.Equal(t, path, address)
	seller.open(path)
	seller.misses("Your ticket is listed")

	buyer.open(path)
	buyer.is(`document.querySelector("[data-seen]").value = "39.00"; 0`, nil) // as if it had been cheaper a moment ago
	buyer.clicks("Buy this ticket")
	buyer.sees("The seller has changed the price since you looked: it is $40.00 now")
	buyer.until("the keyboard is there", `document.activeElement.matches(".alert")`)
	buyer.back(path)
	photograph(t, buyer, "ticket-price-changed")
	buyer.open(path)
	buyer.sees("The seller has changed the price")
	buyer.open(path)
	buyer.misses("The seller has changed the price")
	buyer.clicks("Buy this ticket")
	buyer.at("/orders/")
}

// Through the pages of a search and back, and the search stays.
func TestPagesLeadBack(t *testing.T) {
	base := market(t)
	word := fmt.Sprintf("festival%d", time.Now().UnixNano()%1e9)
	c := newClient(t, base)
	c.signUp("/")
	for i := range 60 {
		c.lists(fmt.Sprintf("%s, day %d", word, i), fmt.Sprint(10+i))
	}
	guest := visitor(t, base)
	guest.open("/?sort=price&q=" + word)
	guest.sees("$10.00")
	guest.clicks("Next")
	guest.sees("Page 2")
	guest.clicks("Next")
	guest.sees("Page 3")
	photograph(t, guest, "browse-page-3")
	guest.misses("Next")
	guest.clicks("Previous")
	guest.sees("Page 2")
	guest.clicks("Back to the start")
	guest.back("/?q=" + word + "&sort=price")
	guest.sees("$10.00")
	guest.open("/?sort=price&cursor=zzz&q=" + word)
	guest.back("/?q=" + word + "&sort=price")
}

// Whose language writes decimals with a comma can type back what the page shows.
func TestPricesAsThePageShowsThem(t *testing.T) {
	base := market(t)
	seller := newcomer(t, base)
	seller.speaks("de-DE")
	path := seller.sells("Marlene Dietrich, Parkett", "1.250")
	seller.sees("1.250,00")
	seller.clicks("Edit title or price")
	seller.until("the form has the price as the page does", `document.querySelector("#price").value === "1250,00"`)
	seller.types("#price", "1.249,50 $")
	seller.clicks("Save the changes")
	seller.at(path)
	seller.sees("1.249,50")
}
