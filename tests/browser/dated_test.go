package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

// A ticket says when it begins on the clock of its venue, wherever it is looked at; a seller who changes the date changes
// it on the open pages.
func TestWhenAndWhere(t *testing.T) {
	base := market(t)
	seller, guest := newcomer(t, base), visitor(t, base)
	year := time.Now().Year() + 1
	path := seller.sellsFor(occasion{fmt.Sprintf("%d-07-18", year), "20:30", "Europe/Zurich", "Auditorium Stravinski", "Montreux", "Parterre", "4", "12", "75"}, "Nina Simone", "99")
	guest.do(emulation.SetTimezoneOverride("America/New_York"))
	guest.open(path)
	guest.sees(fmt.Sprintf("18 Jul %d", year))
	guest.sees("20:30 CEST")
	guest.sees("2:30 PM where you are")
	guest.sees("Auditorium Stravinski, Montreux")
	guest.sees("Section Parterre · Row 4 · Seat 12")
	guest.sees("$75.00")
	guest.live()
	seller.clicks("Edit title or price")
	seller.until("the form has the date", fmt.Sprintf(`document.querySelector("#date").value === "%d-07-18" && document.querySelector("#zone").value === "Europe/Zurich"`, year))
	seller.fills(occasion{date: fmt.Sprintf("%d-01-18", year), time: "20:30", zone: "Europe/Zurich", venue: "Casino"})
	seller.clicks("Save the changes")
	seller.sees("20:30 CET")
	guest.sees("20:30 CET") // by itself
	guest.sees("Casino")
	guest.misses("Seat 12")
}

// The zone of a new ticket is guessed from the browser's; nothing is asked twice after a mistake.
func TestTheZoneIsGuessed(t *testing.T) {
	base := market(t)
	seller := newcomer(t, base)
	seller.do(emulation.SetTimezoneOverride("Asia/Tokyo"))
	seller.open("/sell")
	seller.until("the zone is guessed", `document.querySelector("#zone").value === "Asia/Tokyo"`)
	seller.types("#title", "Kabuki")
	seller.types("#price", "50")
	seller.is(`document.querySelector("form.sheet").noValidate = true`, nil)
	seller.clicks("List the ticket")
	seller.sees("On which day is it?")
	seller.sees("Name the venue")
	seller.until("the first of them has the keyboard", `document.activeElement.id === "date"`)
	seller.until("the zone is kept", `document.querySelector("#zone").value === "Asia/Tokyo"`)
	photograph(t, seller, "sell-without-a-date")
}

// A seller takes a ticket off the market while others look at it, and lists it again; all of it without a script.
func TestWithdrawAndListAgain(t *testing.T) {
	base := market(t)
	seller, guest := visitor(t, base), newcomer(t, base)
	seller.do(emulation.SetScriptExecutionDisabled(true))
	seller.signsUp()
	path := seller.sells("Jacques Brel, Olympia", "45")
	guest.open(path)
	guest.sees("Buy this ticket")
	guest.live()
	seller.open("/selling")
	seller.clicks("Withdraw")
	seller.at("/selling")
	seller.sees("It is off the market")
	seller.sees("Withdrawn")
	guest.sees("Its seller has taken it off the market") // by itself
	guest.misses("Buy this ticket")
	seller.clicks("List again")
	seller.sees("It is on the market again")
	guest.sees("Buy this ticket")
	guest.clicks("Buy this ticket")
	guest.at("/orders/")
	seller.open(path)
	seller.sees("A buyer holds it")
	seller.misses("Take it off the market")
}

// One event's tickets stand together, from the cheapest on, and are found by city and day.
func TestOneEvent(t *testing.T) {
	base := market(t)
	seller, guest := newcomer(t, base), visitor(t, base)
	word := fmt.Sprintf("Fidelio%d", time.Now().UnixNano()%1e9)
	o := someday()
	o.city, o.zone, o.section = word+"stadt", "Europe/Vienna", "Parkett"
	for i := range 3 {
		o.row, o.seat = fmt.Sprint(i+1), fmt.Sprint(10+i)
		seller.sellsFor(o, word, fmt.Sprint(98+i))
	}
	guest.open("/")
	guest.types("#q", word)
	guest.clicks("Search")
	guest.until("the search is answered", `location.search.includes("q=") && document.readyState === "complete"`) // the page before shows the tickets too
	guest.sees("3 tickets")
	guest.sees("from")
	guest.sees("$98.00")
	guest.clicks(word)
	guest.sees("Section Parkett · Row 3 · Seat 12")
	guest.clicks("Section Parkett · Row 1")
	guest.sees("Sign in to buy")
	guest.clicks("All tickets for this event")
	guest.sees("$100.00")

	guest.open("/")
	guest.clicks("Where and when")
	guest.types("#city", word+"STADT")
	guest.clicks("Search")
	guest.until("the search is answered", `location.search.includes("city=") && document.readyState === "complete"`) // the page before shows the tickets too
	guest.sees("3 tickets")
	guest.open("/?city=" + word + "stadt&to=" + time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	guest.sees("No tickets for that")
	guest.open("/?from=2027-02-02&to=2027-01-01")
	guest.sees("must not be before")
}

// What begins is over, also on pages that are open, and for whoever holds it.
func TestItHasBegun(t *testing.T) {
	base := market(t)
	seller, guest := newcomer(t, base), newcomer(t, base)
	seller.is(fmt.Sprintf(`fetch("/api/tickets", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ title: "Begins at once", price: 10,
		startsAt: %q, zone: "Europe/Zurich", venue: "Letzigrund" }) }).then((r) => r.json()).then((t) => { location.href = "/tickets/" + t.id })`, time.Now().Add(12*time.Second).Format(time.RFC3339)), nil)
	seller.at("/tickets/")
	path := seller.path()
	guest.open(path)
	guest.sees("Buy this ticket")
	guest.sees("It has begun") // by itself
	guest.misses("Buy this ticket")
	guest.open(path)
	guest.sees("Nobody can buy it any more")
	guest.misses("What happens next")
	photograph(t, guest, "ticket-past")
	guest.open("/?q=begins+at+once")
	guest.sees("No ticket says")
	seller.open("/selling")
	seller.sees("Over")
	seller.open(path)
	seller.sees("is not for sale any more")
}
