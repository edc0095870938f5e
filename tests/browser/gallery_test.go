package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// TestGallery photographs every page, wide and as on a phone, light and dark, and lets axe look for barriers.
func TestGallery(t *testing.T) {
	base := market(t)
	seller, buyer := newcomer(t, base), newcomer(t, base)
	guest := visitor(t, base)
	guest.open("/?q=nothing+says+this")
	look(t, guest, "browse-nothing", "/?q=nothing+says+this")
	look(t, buyer, "orders-empty", "/orders")
	look(t, buyer, "selling-empty", "/selling")

	titles := []string{
		"Nina Simone, Montreux Jazz Festival, front row", "Last Night of the Proms · Royal Albert Hall, Gallery standing",
		"Roland-Garros, men’s final, Court Philippe-Chatrier", "Hamlet, Burgtheater, Row 4 Seat 12", "Björk — Cornucopia, Reykjavík",
		"東京ドーム 巨人 vs 阪神 内野指定席", "A very long title that goes on about the event, the place, the weather to be expected, the people who will be there, and everything else a seller thinks a buyer has to know before paying", "<script>alert(1)</script>", "ليلة موسيقى في القاهرة",
	}
	prices := []string{"19.99", "12", "480", "64.50", "85", "45", "1250000", "7", "30"}
	prices[6] = "999999.99"
	soon := time.Now()
	day := func(weekday time.Weekday, weeks int) string {
		at := soon.AddDate(0, 0, 7*weeks)
		for at.Weekday() != weekday {
			at = at.AddDate(0, 0, 1)
		}
		return at.Format(time.DateOnly)
	}
	occasions := []occasion{
		{day(time.Saturday, 2), "20:30", "Europe/Zurich", "Auditorium Stravinski", "Montreux", "Parterre", "1", "12", "75"},
		{day(time.Saturday, 9), "19:00", "Europe/London", "Royal Albert Hall", "London", "Gallery", "", "", "9.50"},
		{day(time.Sunday, 5), "15:00", "Europe/Paris", "Court Philippe-Chatrier", "Paris", "Tribune Lacoste, bas", "17", "103", "410"},
		{day(time.Friday, 1), "19:30", "Europe/Vienna", "Burgtheater", "Wien", "Parkett", "4", "12", ""},
		{day(time.Wednesday, 3), "21:00", "Atlantic/Reykjavik", "Harpa", "Reykjavík", "", "", "", ""},
		{day(time.Tuesday, 4), "18:00", "Asia/Tokyo", "東京ドーム", "東京", "内野指定席", "12", "34", ""},
		{day(time.Thursday, 20), "20:00", "America/Argentina/Buenos_Aires", "A venue with a name that is nearly as long as the title of this ticket, which nobody reads", "Llanfairpwllgwyngyllgogerychwyrndrobwll", "An upper balcony on the left", "Double letters AA and BB", "One hundred and twenty-three", "999999.99"},
		{day(time.Monday, 6), "10:00", "UTC", "<b>nowhere</b>", "", "", "", "", ""},
		{day(time.Friday, 7), "22:00", "Africa/Cairo", "دار الأوبرا", "القاهرة", "", "٣", "١٢", ""},
	}
	paths := map[string]string{}
	for i, title := range titles {
		paths[title] = seller.sellsFor(occasions[i], title, prices[i])
	}
	held, bought, mine, freed := paths[titles[0]], paths[titles[1]], paths[titles[2]], paths[titles[3]]

	for i := range 3 {
		o := occasions[3]
		o.row, o.seat = fmt.Sprint(10+i), fmt.Sprint(20+i)
		seller.sellsFor(o, "Faust, second part", fmt.Sprint(98+10*i))
	}
	gone := seller.sellsFor(occasions[4], "Sigur Rós", "60")
	seller.clicks("Take it off the market")
	seller.sees("It is off the market")
	look(t, seller, "ticket-mine-withdrawn", gone)
	look(t, guest, "ticket-withdrawn", gone)
	look(t, guest, "browse", "/")
	look(t, guest, "browse-filtered", "/?city=Wien&from="+day(time.Friday, 1)+"&to="+day(time.Friday, 2))
	guest.clicks("Faust")
	photograph(t, guest, "event")
	look(t, guest, "ticket", mine)
	look(t, guest, "signin", "/signin")
	look(t, guest, "signup", "/signup")
	look(t, guest, "nowhere", "/tickets/nowhere")
	look(t, guest, "docs", "/api/docs")
	look(t, guest, "terms", "/terms")
	look(t, guest, "support", "/support")
	look(t, buyer, "ticket-signed-in", mine)
	look(t, seller, "sell", "/sell")
	look(t, seller, "edit", mine+"/edit")

	buyer.open(freed)
	buyer.clicks("Buy this ticket")
	buyer.clicks("Give the ticket back")
	buyer.sees("You gave it back")
	look(t, buyer, "order-given-back", buyer.path())
	buyer.open(bought)
	buyer.clicks("Buy this ticket")
	buyer.clicks("Pay ")
	buyer.sees("It is yours")
	look(t, buyer, "order-paid", buyer.path())
	buyer.open(held)
	buyer.clicks("Buy this ticket")
	buyer.at("/orders/")
	look(t, buyer, "order-checkout", buyer.path())
	look(t, buyer, "orders", "/orders")
	look(t, guest, "ticket-held", held)
	look(t, guest, "ticket-sold", bought)
	look(t, seller, "ticket-mine-held", held)
	look(t, seller, "selling", "/selling")

	seller.open("/sell")
	seller.is(`document.querySelector("form.sheet").noValidate = true`, nil)
	seller.types("#title", "A ticket without a price")
	seller.types("#price", "12,5,0")
	seller.fills(someday())
	seller.clicks("List the ticket")
	seller.sees("Price must be a number without commas")
	photograph(t, seller, "sell-refused")
}

func look(t *testing.T, p *person, name, path string) {
	t.Helper()
	p.open(path)
	photograph(t, p, name)
}

// photograph takes the page as it is, and looks for barriers on it.
func photograph(t *testing.T, p *person, name string) {
	t.Helper()
	snap(t, p, name, func(full string) {
		for _, v := range p.barriers(t) {
			t.Logf("%s: %s", full, v)
			assert.NotContains(t, []string{"serious", "critical"}, v.Impact, "%s: %s", full, v)
		}
	})
}

// snap takes the page in every size and scheme.
func snap(t *testing.T, p *person, name string, examine func(name string)) {
	t.Helper()
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"wide", 1280, 800}, {"phone", 390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			p.do(chromedp.EmulateViewport(size.width, size.height))
			p.prefers(scheme)
			var png []byte
			p.do(chromedp.FullScreenshot(&png, 100))
			full := fmt.Sprintf("%s-%s-%s", name, size.name, scheme)
			save(t, full, png)
			var overflow int
			p.is(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow)
			assert.LessOrEqual(t, overflow, 0, "%s is wider than its window", full)
			examine(full)
		}
	}
	p.do(chromedp.EmulateViewport(1280, 800))
	p.prefers("light")
}
