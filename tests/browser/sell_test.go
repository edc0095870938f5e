package browser

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A seller makes a mistake, mends it, and changes his mind about the price while others look.
func TestSellAndEdit(t *testing.T) {
	base := market(t)
	seller, guest := newcomer(t, base), visitor(t, base)
	guest.open("/")
	guest.live()

	seller.open("/sell")
	seller.types("#title", "Maria Callas, La Scala")
	seller.types("#price", "12,5,0")
	seller.fills(someday())
	seller.clicks("List the ticket")
	seller.sees("Price must be a number without commas; decimals stand behind a point, as in 19.99")
	var title, focus string
	seller.is(`document.querySelector("#title").value`, &title)
	assert.Equal(t, "Maria Callas, La Scala", title, "what was typed is kept")
	seller.until("the wrong field has the focus", `document.activeElement.id === "price"`)
	seller.is(`document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ").at(-1)).innerText`, &focus)
	assert.Contains(t, focus, "Price must be a number without commas", "the complaint belongs to the field")
	seller.types("#price", "$12,50") // there is one way to read it
	seller.clicks("List the ticket")
	seller.sees("Your ticket is listed")
	path := seller.path()

	guest.sees("New tickets. Show them")
	guest.clicks("New tickets")
	guest.clicks("Maria Callas")
	guest.sees("$12.50")
	guest.live()
	seller.clicks("Edit title or price")
	seller.types("#title", "Maria Callas, La Scala, box 7")
	seller.types("#price", "15")
	seller.clicks("Save the changes")
	seller.sees("Your changes are on the market")
	guest.sees("Maria Callas, La Scala, box 7") // on the open page
	guest.sees("$15.00")

	guest.open(path + "/edit")
	guest.at("/signin")
	buyer := newcomer(t, base)
	buyer.open(path + "/edit")
	buyer.sees("Nothing here")
	buyer.open(path)
	buyer.clicks("Buy this ticket")
	buyer.at("/orders/")
	seller.open(path)
	seller.sees("A buyer holds it")
	seller.open(path + "/edit") // held: shown instead
	seller.sees("A buyer holds it")
	seller.open("/selling")
	seller.sees("On hold")
	seller.live()
	buyer.clicks("Give the ticket back")
	buyer.sees("You gave it back")
	seller.sees("For sale") // on the open page
}
