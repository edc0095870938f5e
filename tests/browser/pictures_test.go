package browser

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

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
	for _, offer := range [][2]string{
		{"Hamlet · Burgtheater · Row 4, Seat 12", "64.50"}, {"Roland-Garros, men’s final", "480"}, {"Björk: Cornucopia, Reykjavík", "85"},
		{"Last Night of the Proms, Gallery standing", "12"}, {"El Clásico · Camp Nou · Tribuna", "210"}, {"Swan Lake, Palais Garnier", "95"},
		{"Glastonbury, Sunday only", "140"}, {"Kraftwerk, 3-D, Düsseldorf", "58"}, {"Nina Simone, Montreux Jazz Festival", "19.99"},
	} {
		seller.sells(offer[0], offer[1])
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
