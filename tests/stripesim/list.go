package main

import (
	"cmp"
	"net/http"
	"slices"
)

// page answers a list of one kind of object, newest first, as Stripe pages it: limit objects, from behind
// starting_after. ids are oldest first; created gives an object's time, and whether it belongs in the list.
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
	last := len(ids)
	if cursor := p.Get("starting_after"); cursor != "" {
		if last = slices.Index(ids, cursor); last < 0 {
			return nil, missing(http.StatusBadRequest, kind, cursor, "starting_after")
		}
	}
	data, more := []any{}, false
	for _, id := range slices.Backward(ids[:last]) {
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
	return object{"object": "list", "url": c.r.URL.Path, "has_more": more, "data": data}, nil
}
