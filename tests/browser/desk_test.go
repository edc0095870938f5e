package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
)

// operator signs up with the address that dapr.yaml names, verifies it, and signs in anew: a session says what was so when it
// began.
func operator(t *testing.T, base string) *person {
	t.Helper()
	olga := visitor(t, base)
	olga.Email = "operator@example.com"
	olga.signsUp()
	olga.misses("Desk") // not by the address alone
	olga.verifies()
	olga.clicks("Sign out")
	olga.sees("You are signed out")
	olga.open("/signin")
	olga.types("#email", olga.Email)
	olga.types("#password", password)
	olga.clicks("Sign in")
	olga.sees("Signed in as")
	return olga
}

// buysWith pays with a test card that the page does not offer.
func (p *person) buysWith(card, path string) (order string) {
	p.t.Helper()
	p.open(path)
	p.clicks("Buy this ticket")
	p.at("/orders/")
	p.sees("Pay with a test card")
	p.is(fmt.Sprintf(`document.querySelector("[name=token]:checked").value = %q; 0`, card), nil)
	p.clicks("Pay ")
	p.sees("It is yours")
	return p.path()
}

// finds opens the desk until a text is on it: it does not change by itself.
func (p *person) finds(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var there bool
		p.open("/desk")
		if p.is(fmt.Sprintf(`document.body.innerText.includes(%q)`, text), &there); there {
			return
		}
	}
	p.gaveUp("the desk never said “%s”", text)
}

// publishes says something on a topic that nobody can handle.
func publishes(t *testing.T, topic, data, kind string) {
	t.Helper()
	at := fmt.Sprintf("http://127.0.0.1:%d/v1.0/publish/pubsub/%s?metadata.cloudevent.type=%s&metadata.cloudevent.id=broken/1/1", running.stack.App("tickets").HTTPPort, topic, kind)
	resp, err := http.Post(at, "application/json", strings.NewReader(data))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
}

// Buyers report, a refund fails, a charge is disputed: an operator settles each on one page, which nobody else finds.
func TestDesk(t *testing.T) {
	base := market(t)
	olga, seller, buyer := operator(t, base), newcomer(t, base), newcomer(t, base)
	olga.clicks("Desk")
	olga.at("/desk")
	olga.sees("Nothing is reported")
	olga.sees("No payment needs anybody")
	photograph(t, olga, "desk-empty")
	seller.misses("Desk")
	seller.open("/desk")
	seller.sees("404")

	sold := func(title, card string) (order string) {
		path := seller.sells(title, "40")
		seller.clicks("Attach the ticket")
		seller.sees("What gets one in")
		seller.chooses("ticket.png", contenttest.PNG())
		seller.clicks("Attach it")
		seller.sees("Attached: a picture")
		return buyer.buysWith(card, path)
	}
	reports := func(order string) {
		buyer.open(order)
		buyer.clicks("It did not work?")
		buyer.types("#words", "The door said that it was used before")
		buyer.clicks("Report the ticket")
		buyer.sees("You have reported that it did not work")
	}
	sold("Mercedes Sosa, disputed", "pm_card_createDispute")
	failing := sold("Violeta Parra, whose refund fails", "pm_card_refundFail")
	reports(failing)
	olga.finds("The card's owner disputes the charge")
	olga.sees("Violeta Parra")
	olga.clicks("For the buyer")
	olga.clicks("Refund ")
	olga.sees("The buyer gets the money back")
	olga.sees("You decided for the buyer")
	kept := sold("Elis Regina, that was good", "pm_card_visa")
	reports(kept)
	olga.finds("The money does not go back")
	photograph(t, olga, "desk")
	olga.clicks("For the seller")
	olga.clicks("Turn the report down")
	olga.sees("The seller keeps the money")
	olga.sees("Nothing is reported")
	olga.clicks("Ask the card network again")
	olga.sees("The card network was asked again")
	olga.sees("The charge has not gone back. Answer the dispute")
	for range 2 {
		olga.clicks("It is settled by hand")
		olga.types("details[open] textarea", "By bank transfer")
		olga.clicks("Settle it")
		olga.sees("It is settled, in your words")
		olga.open("/desk")
	}
	olga.sees("No payment needs anybody")
	olga.sees("You settled it by hand")
	photograph(t, olga, "desk-settled")

	// An event that nobody can handle, sent again in vain, is dropped.
	publishes(t, "tickets", `{"price":"free"}`, "ticket.updated")
	olga.finds("orders could not handle ticket.updated")
	photograph(t, olga, "desk-letter")
	olga.sees("none is named")
	for range 2 { // handover cannot either
		olga.clicks("Nobody needs it")
		olga.clicks("Drop it")
		olga.until("the desk has come anew", `!document.querySelector("details[open]")`) // which says it beforehand, in words alike
		olga.sees("The event is dropped")
	}
	olga.sees("Every event was handled")
	olga.sees("You dropped an event")

	buyer.open(failing)
	buyer.sees("Your money was returned")
	buyer.sees("Your report was looked at: your money goes back")
	photograph(t, buyer, "order-history")
	buyer.open(kept)
	buyer.sees("found that the ticket was good")
}
