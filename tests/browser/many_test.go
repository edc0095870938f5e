package browser

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var many = flag.Int("many", 0, "how many tickets to list for TestManyTickets, as 100000")

// However many tickets there are, the front page answers as it does for a hundred.
func TestManyTickets(t *testing.T) {
	if *many == 0 {
		t.Skip("only with -many 100000")
	}
	require.NoError(t, stop()) // nothing else for sale
	base := market(t)
	pages := []string{"/", "/?sort=price", "/?q=row+7", "/?q=opera"}
	list(t, base, 0, 100)
	few := medians(t, base, pages)
	began := time.Now()
	list(t, base, 100, *many)
	t.Logf("listed %d tickets in %v", *many, time.Since(began).Round(time.Second))
	require.NoError(t, running.stack.Healthy(t.Context()))
	for i, now := range medians(t, base, pages) {
		t.Logf("%-14s %8v with 100, %8v with %d", pages[i], few[i], now, *many)
		if i < 2 {
			assert.Less(t, now.Seconds(), 1.5*few[i].Seconds(), pages[i])
		}
	}
}

func list(t *testing.T, base string, from, to int) {
	var sellers sync.WaitGroup
	const hands = 16
	for hand := range hands {
		c := newClient(t, base)
		c.signUp("/")
		sellers.Go(func() {
			for i := from + hand; i < to; i += hands {
				offer := url.Values{"title": {fmt.Sprintf("Opera night %d, row %d", i, i%40)}, "price": {fmt.Sprint(1 + i%500)}, "key": {fmt.Sprint(i)}}
				if !assert.Eventually(t, func() bool { // sent again, it is listed once
					resp, err := c.http.PostForm(base+"/sell", offer)
					if err == nil {
						resp.Body.Close()
					}
					return err == nil && resp.StatusCode == http.StatusSeeOther
				}, patience, time.Millisecond, "ticket %d", i) {
					return
				}
			}
		})
	}
	sellers.Wait()
}

func medians(t *testing.T, base string, pages []string) []time.Duration {
	c := newClient(t, base)
	var all []time.Duration
	for _, page := range pages {
		var took []time.Duration
		for range 200 {
			began := time.Now()
			resp, _ := c.send("GET", page, nil)
			took = append(took, time.Since(began))
			require.Equal(t, http.StatusOK, resp.StatusCode, page)
		}
		slices.Sort(took)
		all = append(all, took[len(took)/2].Round(10*time.Microsecond))
	}
	return all
}
