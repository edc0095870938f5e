package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Through a long listing to its end and back again: the search and its order stay, and every page has its number.
func TestThroughAListingAndBack(t *testing.T) {
	const last = 70
	at := func(link string) pages {
		r := httptest.NewRequest(http.MethodGet, link, nil)
		n, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		header := http.Header{}
		if n < last {
			header.Set("Link", `</api/tickets?cursor=`+strconv.Itoa(n+1)+`>; rel="next"`)
		}
		return pagesOf(r, header)
	}
	link := "/?q=simone&sort=price"
	p := at(link)
	assert.Equal(t, pages{Number: 1, Next: p.Next}, p)
	for n := 1; n <= last; n++ {
		link = p.Next
		require.NotEmpty(t, link)
		assert.Less(t, len(link), 300, "the address does not grow without end")
		p = at(link)
		assert.Equal(t, n+1, p.Number)
		assert.Equal(t, "/?q=simone&sort=price", p.Start)
	}
	assert.Empty(t, p.Next)
	for n := last; n > last-mostTrail; n-- {
		link = p.Back
		p = at(link)
		assert.Equal(t, n, p.Number, link)
		assert.Equal(t, strconv.Itoa(n-1), mustQuery(t, link).Get("cursor"), link)
		assert.Equal(t, "simone", mustQuery(t, link).Get("q"))
	}
}

func mustQuery(t *testing.T, link string) url.Values {
	u, err := url.Parse(link)
	require.NoError(t, err)
	return u.Query()
}

// A link to a page that is none leads to the first, and keeps what was looked for.
func TestABadCursorIsTheFirstPage(t *testing.T) {
	const refusal = `{"errors":[{"message":"cursor is not one that a page gave out","field":"cursor","code":"invalid"}]}`
	s, ann := newSite(t, map[string]string{"GET /api/events": refusal, "GET /api/tickets/mine": refusal, "GET /api/orders": refusal})
	for link, want := range map[string]string{
		"/?q=x&sort=price&cursor=zzz&trail=a~b&page=9": "/?q=x&sort=price",
		"/selling?cursor=zzz":                          "/selling",
		"/orders?cursor=zzz":                           "/orders",
		"/?sort=nonsense":                              "/",
	} {
		p := map[string]page{"/": s.browse, "/selling": s.selling, "/orders": s.orders}[strings.Split(link, "?")[0]]
		got := get(t, s.page(p), link, "", ann)
		assert.Equal(t, http.StatusSeeOther, got.Code, link)
		assert.Equal(t, want, got.Header().Get("Location"), link)
	}
}
