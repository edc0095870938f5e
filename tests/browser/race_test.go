package browser

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Two browsers press the button of the same ticket at the same time.
func TestTwoBrowsersRace(t *testing.T) {
	base := market(t)
	seller, one, other := newcomer(t, base), newcomer(t, base), newcomer(t, base)
	path := seller.sells("The last seat", "99")
	racers := []*person{one, other}
	for _, p := range racers {
		p.open(path)
		p.sees("Buy this ticket")
		p.is(`fetch("/live").then((r) => r.body.cancel())`, nil) // both connections are warm
	}
	done := make(chan error, len(racers))
	for _, p := range racers {
		go func() { done <- p.press("form[action$='/buy'] button") }()
	}
	for range racers {
		assert.NoError(t, <-done)
	}
	won := 0
	for _, p := range racers {
		p.until("the race is over", `location.pathname.startsWith("/orders/") || /already reserved|at the checkout/.test(document.body.innerText)`)
		if strings.HasPrefix(p.path(), "/orders/") {
			won++
			continue
		}
		p.sees("Somebody is at the checkout with it")
	}
	assert.Equal(t, 1, won, "one of the two holds the ticket")
}
