package api

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"marketplace/shared/fault"
)

// Page is which part of a listing a caller wants.
type Page struct {
	Limit  int
	Cursor string // where the page before ended, "" for the first
}

const (
	defaultLimit = 50
	mostLimit    = 200

	// longestQuery bounds the link to the next page, which carries the query along: a sidecar takes 4 KiB of headers in an
	// answer. A hundred ids of tickets fit.
	longestQuery = 3000
)

// PageOf reads limit and cursor. It returns Invalid, naming the parameter, for a value out of range and for parameters
// other than these and allowed.
func PageOf(r *http.Request, allowed ...string) (Page, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Page{}, fault.New(fault.Invalid, "The query is malformed")
	}
	page := Page{Limit: defaultLimit, Cursor: query.Get("cursor")}
	if len(query.Encode())-len(page.Cursor) > longestQuery { // the cursor gives way to the next
		return Page{}, fault.New(fault.Invalid, "The query is too long")
	}
	known := map[string]bool{"limit": true, "cursor": true}
	for _, name := range allowed {
		known[name] = true
	}
	var wrong fault.Fields
	for name, values := range query {
		if !known[name] {
			wrong = append(wrong, fault.Field{Message: "Unknown parameter", Field: name, Code: fault.UnknownParameter})
		}
		wrong.Check(len(values) == 1, name, name+" must be given once")
	}
	if limit := query.Get("limit"); query.Has("limit") {
		page.Limit, err = strconv.Atoi(limit)
		wrong.Check(err == nil && len(limit) <= len("+200") && page.Limit >= 1 && page.Limit <= mostLimit, "limit", fmt.Sprintf("limit must be from 1 to %d", mostLimit))
	}
	return page, wrong.Err()
}

// Position reads a cursor that is a position in a list; 0 without one.
func (p Page) Position() (int, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(p.Cursor)
	if err != nil || n < 0 || n > 1e9 {
		return 0, BadCursor()
	}
	return n, nil
}

// BadCursor is the refusal of a cursor that no page has given out.
func BadCursor() error { return fault.InField("cursor", "cursor is not one that a page gave out") }

// SetNext says in a Link header where the next page begins.
func SetNext(w http.ResponseWriter, r *http.Request, cursor string) {
	query := r.URL.Query()
	query.Set("cursor", cursor)
	w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.Path, query.Encode()))
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CheckID returns NotFound for an id that cannot name anything.
func CheckID(id string) error {
	if !idForm.MatchString(id) {
		return fault.NoSuchThing()
	}
	return nil
}
