package browser

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var pictures = flag.Bool("pictures", false, "take the pictures in the README again")

// TestPictures takes the two pictures that the README shows.
func TestPictures(t *testing.T) {
	if !*pictures {
		t.Skip("only with -pictures")
	}
	require.NoError(t, stop()) // nothing else for sale
	base := market(t)
	seller, buyer := visitor(t, base), visitor(t, base)
	seller.Email, buyer.Email = "ella@example.com", "nina@example.com"
	seller.signsUp()
	buyer.signsUp()
	year := time.Now().Year() + 1
	for _, offer := range []struct {
		title, price, day string
		occasion
	}{
		{"Hamlet", "64.50", "02-12", occasion{"", "19:30", "Europe/Vienna", "Burgtheater", "Wien", "Parkett", "4", "12", "58"}},
		{"Roland-Garros, men’s final", "480", "06-06", occasion{"", "15:00", "Europe/Paris", "Court Philippe-Chatrier", "Paris", "Tribune Lacoste", "17", "103", "410"}},
		{"Björk: Cornucopia", "85", "04-14", occasion{"", "21:00", "Atlantic/Reykjavik", "Harpa", "Reykjavík", "", "", "", ""}},
		{"Last Night of the Proms", "12", "09-11", occasion{"", "19:00", "Europe/London", "Royal Albert Hall", "London", "Gallery", "", "", "9.50"}},
		{"El Clásico", "210", "03-14", occasion{"", "20:00", "Europe/Madrid", "Camp Nou", "Barcelona", "Tribuna", "22", "7", "195"}},
		{"El Clásico", "225", "03-14", occasion{"", "20:00", "Europe/Madrid", "Camp Nou", "Barcelona", "Tribuna", "22", "8", "195"}},
		{"Swan Lake", "95", "02-20", occasion{"", "19:30", "Europe/Paris", "Palais Garnier", "Paris", "Balcon", "2", "31", "110"}},
		{"Kraftwerk, 3-D", "58", "05-21", occasion{"", "20:00", "Europe/Berlin", "Mitsubishi Electric Halle", "Düsseldorf", "", "", "", "62"}},
		{"Kabuki", "45", "03-09", occasion{"", "16:30", "Asia/Tokyo", "Kabuki-za", "Tokyo", "", "12", "5", ""}},
		{"Nina Simone", "19.99", "07-03", occasion{"", "20:30", "Europe/Zurich", "Casino", "Montreux", "Parterre", "4", "12", "25"}},
	} {
		offer.date = fmt.Sprintf("%d-%s", year, offer.day)
		seller.sellsFor(offer.occasion, offer.title, offer.price)
	}
	seller.open("/")
	seller.do(chromedp.EmulateViewport(1280, 820))
	shoot(t, seller, "browse")

	buyer.open("/?q=nina")
	buyer.clicks("Nina Simone")
	buyer.clicks("Buy this ticket")
	buyer.sees("Held for you for")
	buyer.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
	shoot(t, buyer, "checkout")
}

// shoot takes what is in the window, as small as PNG can make it.
func shoot(t *testing.T, p *person, name string) {
	t.Helper()
	var shot []byte
	p.do(chromedp.CaptureScreenshot(&shot))
	picture, err := png.Decode(bytes.NewReader(shot))
	require.NoError(t, err)
	var small bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, picture))
	assert.Less(t, small.Len(), 300_000)
	require.NoError(t, os.WriteFile(filepath.Join("..", "..", "services", "web", "screenshots", name+".png"), small.Bytes(), 0o644))
}
