package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"marketplace/shared/fault"
)

// pages is where a page of a listing stands among the others. The API's cursors lead on and never back, so the address
// remembers those that led here.
type pages struct {
	Number            int
	Start, Back, Next string // "" where there is none
}

// mostTrail bounds the address: from further on it is only to the start.
const mostTrail = 50

// pagesOf is where r's page stands; header is the API's answer to it.
func pagesOf(r *http.Request, header http.Header) pages {
	asked := r.URL.Query()
	here := asked.Get("cursor")
	p := pages{Number: 1}
	var trail []string
	if here != "" {
		if asked.Get("trail") != "" {
			trail = strings.Split(asked.Get("trail"), "~")
		}
		p.Number = max(2, len(trail)+2)
		if n, err := strconv.Atoi(asked.Get("page")); err == nil && n > p.Number && n < 1_000_000 {
			p.Number = n
		}
		p.Start = pageAt(r, "", nil, 1)
		p.Back = p.Start
		if n := len(trail); n > 0 {
			p.Back = pageAt(r, trail[n-1], trail[:n-1], p.Number-1)
		}
	}
	if next := nextCursor(header); next != "" {
		if here != "" {
			trail = append(trail, here)
		}
		p.Next = pageAt(r, next, trail[max(len(trail)-mostTrail, 0):], p.Number+1)
	}
	return p
}

// pageAt is the address of another page of what r asks for: the search and its order stay.
func pageAt(r *http.Request, cursor string, trail []string, number int) string {
	query := r.URL.Query()
	for _, name := range []string{"cursor", "trail", "page", "done"} {
		query.Del(name)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
		if len(trail) > 0 {
			query.Set("trail", strings.Join(trail, "~"))
		}
		if number > len(trail)+2 {
			query.Set("page", strconv.Itoa(number))
		}
	}
	if len(query) == 0 {
		return r.URL.Path
	}
	return r.URL.Path + "?" + query.Encode()
}

// isBadPage tells whether it was the page that was refused.
func isBadPage(r *http.Request, err error) bool {
	return r.URL.Query().Has("cursor") && fault.KindOf(err) == fault.Refused
}

// fromTheStart leads from a page that is none, by an old or a made-up link, to the first.
func fromTheStart(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, pageAt(r, "", nil, 1), http.StatusSeeOther)
	return nil
}

// atCursor is the query for the page of a listing that r asks for.
func atCursor(r *http.Request, query url.Values) string {
	query.Set("limit", onePage)
	if cursor := r.URL.Query().Get("cursor"); cursor != "" {
		query.Set("cursor", cursor)
	}
	return query.Encode()
}
