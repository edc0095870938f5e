package main

import (
	"cmp"
	"net/http"
	"slices"
)

// page answers a list of one kind of object, newest first, as Stripe pages it: limit objects, from behind
// starting_after or up to ending_before. ids are oldest first; created gives an object's time, and whether it belongs in the list.
func (c *call) page(kind string, ids []string, created func(id string) (int64, bool), view func(id string) any) (any, *apiError) {
	p := c.params
	limit := int(cmp.Or(p.integer("limit"), 10))
	if limit > 100 {
		p.fail(invalidParam("parameter_invalid_integer", "limit", "This value must be less than or equal to 100 (it currently is '%d').", limit))
	}
	exact, from, after := p.integer("created"), p.integer("created[gte]"), p.integer("created[gt]")
	until, before := p.integer("created[lte]"), p.integer("created[lt]")
	if p.err != nil {
		return nil, p.err
	}
	first, last, walk := 0, len(ids), slices.Backward[[]string]
	if cursor := p.Get("starting_after"); cursor != "" {
		if last = slices.Index(ids, cursor); last < 0 {
			return nil, missing(http.StatusBadRequest, kind, cursor, "starting_after")
		}
	}
	if cursor := p.Get("ending_before"); cursor != "" {
		if first = slices.Index(ids, cursor) + 1; first == 0 {
			return nil, missing(http.StatusBadRequest, kind, cursor, "ending_before")
		}
		walk = slices.All[[]string] // the page that ends at the cursor, not the first one
	}
	data, more := []any{}, false
	for _, id := range walk(ids[first:max(first, last)]) {
		at, wanted := created(id)
		if !wanted || exact != 0 && at != exact || from != 0 && at < from || after != 0 && at <= after ||
			until != 0 && at > until || before != 0 && at >= before {
			continue
		}
		if len(data) == limit {
			more = true
			break
		}
		data = append(data, view(id))
	}
	if p.Has("ending_before") {
		slices.Reverse(data)
	}
	return object{"object": "list", "url": c.r.URL.Path, "has_more": more, "data": data}, nil
}
