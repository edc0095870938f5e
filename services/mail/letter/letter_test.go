package letter

import (
	"flag"
	"fmt"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
	"marketplace/tests/inbox/plain"
)

var update = flag.Bool("update", false, "write testdata anew")

var (
	noon = clock.At(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	desk = Desk{Site: &url.URL{Scheme: "https", Host: "tickets.example"}, Currency: "usd"}
	show = occasion.Occasion{
		StartsAt: clock.At(time.Date(2026, 7, 3, 18, 30, 0, 0, time.UTC)), Zone: "Europe/Zurich", Venue: "Auditorium Stravinski", City: "Montreux",
		Section: "B", Row: "7", Seat: "12", FaceValue: 8000,
	}
)

func anOrder(status events.Status) events.Order {
	return events.Order{ID: "T1-o1", Version: 2, SaleVersion: 3, Status: status, UserID: "bob", ExpiresAt: noon,
		Ticket: events.OrderTicket{ID: "T1", Title: "Nina Simone", Price: 12550, SellerID: "ann", Occasion: show}}
}

func aHandover(status events.HandoverStatus, version int64) events.Handover {
	return events.Handover{ID: "T1-o1", Version: version, Status: status, SellerID: "ann", BuyerID: "bob", DueAt: noon,
		Ticket: events.HandoverTicket{ID: "T1", Title: "Nina Simone", Price: 12550, Occasion: show}}
}

// examples have news of every kind.
func examples() map[Kind]News {
	all := map[Kind]News{}
	keep := func(some []News) {
		for _, n := range some {
			all[n.Kind] = n
		}
	}
	held := anOrder(events.StatusCreated)
	keep([]News{{Kind: HoldEnding, To: "bob", Order: &held}})
	keep(OfOrder(anOrder(events.StatusComplete)))
	keep(OfOrder(anOrder(events.StatusRefunded)))
	reported, upheld := aHandover(events.HandoverIsReported, 3), aHandover(events.HandoverHasFailed, 4)
	reported.Report, upheld.Reason = "The gate said that it was scanned already.\nI was sent away.", events.HandoverUpheld
	for _, h := range []events.Handover{
		aHandover(events.HandoverIsDue, 0), aHandover(events.HandoverIsDelivered, 0), reported, aHandover(events.HandoverIsDismissed, 4), upheld,
	} {
		keep(OfHandover(h))
	}
	for _, news := range []string{"created", "verifying", "forgotten", "password-changed", "signed-in", "deleted"} {
		keep(OfAccount(events.Account{ID: "bob", Version: 1, News: news, At: noon, Device: "Firefox on Linux"}))
	}
	return all
}

func pathFor(k Kind) string {
	if p := k.Opens(); p != "" {
		return "/" + p + "?token=abc.def"
	}
	return ""
}

// Every kind has a wording, and what it says stands in testdata: the page, and what is left of it without HTML.
func TestEveryLetter(t *testing.T) {
	all := examples()
	for kind := range wordings {
		t.Run(string(kind), func(t *testing.T) {
			n, there := all[kind]
			require.True(t, there, "an example of it")
			l, err := desk.Write(n, pathFor(kind))
			require.NoError(t, err)
			golden(t, string(kind)+".html", string(l.HTML))
			golden(t, string(kind)+".txt", "Subject: "+l.Subject+"\n\n"+plain.Of(string(l.HTML))+"\n")
			assert.NotContains(t, string(l.HTML), "ZgotmplZ")
			assert.NotContains(t, string(l.HTML), "<img")
			assert.NotContains(t, string(l.HTML), "<script")
			assert.Less(t, len(l.HTML), 100<<10, "more is cut off by some mail programs")
		})
	}
	assert.Len(t, wordings, len(all))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// Whom an event concerns, and whom it does not.
func TestWhoIsWrittenTo(t *testing.T) {
	told := func(all []News) string {
		var out []string
		for _, n := range all {
			out = append(out, string(n.Kind)+" to "+n.To)
		}
		return strings.Join(out, ", ")
	}
	for status, want := range map[events.Status]string{
		events.StatusCreated: "", events.StatusAwaitingPayment: "", events.StatusCancelled: "",
		events.StatusComplete: "receipt to bob", events.StatusRefunded: "money-back to bob, sale-refunded to ann",
	} {
		assert.Equal(t, want, told(OfOrder(anOrder(status))), status)
	}
	nameless := anOrder(events.StatusRefunded)
	nameless.Ticket.SellerID = ""
	assert.Equal(t, "money-back to bob", told(OfOrder(nameless)), "an order of before its seller was named")

	missed, upheld := aHandover(events.HandoverHasFailed, 2), aHandover(events.HandoverHasFailed, 4)
	missed.Reason, upheld.Reason = events.HandoverMissed, events.HandoverUpheld
	for _, c := range []struct {
		h    events.Handover
		want string
	}{
		{aHandover(events.HandoverIsDue, 0), "sold to ann"},
		{aHandover(events.HandoverIsDelivered, 0), "sold-and-there to ann, handed-over to bob"},
		{aHandover(events.HandoverIsDelivered, 1), "handed-over to bob"},
		{aHandover(events.HandoverIsOpened, 2), ""},
		{aHandover(events.HandoverIsReported, 3), "doubted to ann, looking-into to bob"},
		{aHandover(events.HandoverIsDismissed, 4), "stands to ann, dismissed to bob"},
		{missed, "sale-off to ann"},
		{upheld, "sale-off to ann, upheld to bob"},
	} {
		assert.Equal(t, c.want, told(OfHandover(c.h)), "%s, version %d, %s", c.h.Status, c.h.Version, c.h.Reason)
	}
	for news, want := range map[string]string{
		"created": "verify to bob", "verifying": "verify-again to bob", "verified": "", "forgotten": "forgotten to bob",
		"password-changed": "password-changed to bob", "signed-in": "new-device to bob", "deleted": "account-deleted to bob", "unheard-of": "",
	} {
		assert.Equal(t, want, told(OfAccount(events.Account{ID: "bob", News: news})), news)
	}
}

// A sale that ends is told its seller once, whichever of its two events comes first.
func TestASalesEndIsToldOnce(t *testing.T) {
	refunded, failed := OfOrder(anOrder(events.StatusRefunded)), OfHandover(aHandover(events.HandoverHasFailed, 2))
	assert.Equal(t, refunded[1].Once(), failed[0].Once())
	assert.NotEqual(t, refunded[0].Once(), refunded[1].Once(), "its buyer has a mail of his own")
	again, later := aHandover(events.HandoverIsReported, 3), aHandover(events.HandoverIsReported, 5)
	assert.Equal(t, OfHandover(again)[0].Once(), OfHandover(again)[0].Once())
	assert.NotEqual(t, OfHandover(again)[0].Once(), OfHandover(later)[0].Once(), "another event is another mail")
}

// Titles, devices and reports are strangers' words: they are shown, and do nothing.
func TestStrangersWordsDoNothing(t *testing.T) {
	for _, hostile := range []string{
		"x\r\nBcc: everybody@example.com", "x\nSubject: y", "x\x00\x01\x7f\u0085\u2028\u2029y", "\u202egnp.exe\u202c", "\u200b\ufeffx",
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "</style><b>", "{{.Link}}", "=?UTF-8?Q?=0D=0ABcc:_x?=", "\xff\xfe",
		"https://evil.example/login", "evil.example", "ann@evil.example", "javascript:alert(1)", strings.Repeat("🎟", 500), strings.Repeat("a", 5000), " ", "",
	} {
		o, h := anOrder(events.StatusComplete), aHandover(events.HandoverIsReported, 3)
		o.Ticket.Title, o.Ticket.Venue, o.Ticket.City, o.Ticket.Seat, o.Ticket.Zone = hostile, hostile, hostile, hostile, hostile
		h.Ticket.Title, h.Report = hostile, hostile
		for _, n := range []News{OfOrder(o)[0], OfHandover(h)[0], OfAccount(events.Account{ID: "bob", News: "signed-in", Device: hostile})[0]} {
			l, err := desk.Write(n, "")
			require.NoError(t, err)
			for _, r := range l.Subject {
				assert.False(t, r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e, "%q: %q", hostile, l.Subject)
			}
			assert.LessOrEqual(t, len([]rune(strings.ReplaceAll(l.Subject, string(zeroWidthNonJoiner), ""))), longestLine, "%q", hostile)
			assert.NotContains(t, mime.QEncoding.Encode("UTF-8", l.Subject), "\r")
			page := string(l.HTML)
			for _, done := range []string{"<script>", "<img", "<b>", "</style><", "https://evil", "evil.example", "@evil", "\u202e", "\x00"} {
				assert.NotContains(t, page, done, "%q", hostile)
			}
			assert.Equal(t, 1, strings.Count(page, "</style>"), "%q", hostile)
			assert.Equal(t, 2, strings.Count(page, `<a href="https://tickets.example/`), "%q: the site and the button, and no other link", hostile)
			assert.Equal(t, 2, strings.Count(page, "href="), "%q", hostile)
		}
	}
}

// A link leads to the site and nowhere else, whatever it was made of.
func TestLinksLeadToTheSite(t *testing.T) {
	n := examples()[Forgotten]
	l, err := desk.Write(n, "/reset?token=a.b_c-d")
	require.NoError(t, err)
	assert.Contains(t, string(l.HTML), `href="https://tickets.example/reset?token=a.b_c-d"`)
	for _, path := range []string{"https://evil.example/reset", "//evil.example/reset", "javascript:alert(1)", "/\\evil.example", "http:// x"} {
		l, err := desk.Write(n, path)
		if err == nil {
			assert.Contains(t, string(l.HTML), `href="https://tickets.example/`, path)
		}
	}
}

// A time is as it is on the clock of the venue.
func TestTimesAreThoseOfTheVenue(t *testing.T) {
	assert.Equal(t, "Friday 3 July 2026, 20:30 CEST", when(show.StartsAt, "Europe/Zurich"))
	assert.Equal(t, "Saturday 4 July 2026, 03:30 JST", when(show.StartsAt, "Asia/Tokyo"))
	for _, none := range []string{"", "UTC", "Nowhere/Else", "Local", "../../etc/passwd"} {
		assert.Equal(t, "Friday 3 July 2026, 18:30 UTC", when(show.StartsAt, none), none)
	}
}

// Prices are in the market's currency.
func TestPricesAreInTheMarketsCurrency(t *testing.T) {
	for currency, want := range map[money.Currency]string{"usd": "$125.50", "eur": "€125.50", "chf": "CHF 125.50"} {
		l, err := Desk{Site: desk.Site, Currency: currency}.Write(examples()[Receipt], "")
		require.NoError(t, err)
		assert.Contains(t, string(l.HTML), fmt.Sprintf("You have paid %s.", want))
	}
}
