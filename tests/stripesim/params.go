package main

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxBody is far above any call we make, and keeps a runaway caller from filling the ledger.
const maxBody = 64 << 10

// params are the form parameters of a call. The readers remember the first parameter that is wrong in
// err, so an endpoint reads all it needs and looks once.
type params struct {
	url.Values
	err *apiError
}

func readParams(w http.ResponseWriter, r *http.Request) *params {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	p := &params{}
	if err := r.ParseForm(); err != nil {
		p.fail(invalidParam("", "", "Invalid request: the parameters cannot be read (%v).", err))
	}
	p.Values = r.Form
	return p
}

func (p *params) fail(e *apiError) {
	if p.err == nil {
		p.err = e
	}
}

// fingerprint tells whether two calls have the same parameters, in whatever order.
func (p *params) fingerprint() string {
	sum := sha256.Sum256([]byte(p.Encode()))
	return hex.EncodeToString(sum[:])
}

// takes lets a call through to do only with the parameters that do knows, and with expansions of the
// fields that it can show whole (separated by spaces). The rest is refused, so that nothing a caller
// means is silently ignored.
func takes(do endpoint, expandable string, allowed ...string) endpoint {
	return func(c *call) (any, *apiError) {
		p := c.params
		var unknown []string
		for _, name := range slices.Sorted(maps.Keys(p.Values)) {
			group, _, _ := strings.Cut(name, "[")
			switch {
			case group == "expand":
			case !slices.Contains(allowed, name) && !slices.Contains(allowed, group+"[*]"):
				unknown = append(unknown, name)
			case p.Get(name) == "" && group != "metadata" && name != "description":
				p.fail(invalidParam("parameter_invalid_empty", name, "You passed an empty string for '%s'. We assume empty values "+
					"are an attempt to unset a field; however '%[1]s' cannot be unset. You should remove '%[1]s' from your request "+
					"or supply a non-empty value.", name))
			}
		}
		if len(unknown) == 1 {
			p.fail(invalidParam("parameter_unknown", unknown[0], "Received unknown parameter: %s", unknown[0]))
		} else if len(unknown) > 1 {
			p.fail(invalidParam("parameter_unknown", unknown[0], "Received unknown parameters: %s", strings.Join(unknown, ", ")))
		}
		for _, name := range p.list("expand") {
			if !slices.Contains(strings.Fields(expandable), name) {
				p.fail(invalidParam("", "expand", "This property cannot be expanded (%s).", name))
			}
		}
		if p.err != nil {
			return nil, p.err
		}
		return do(c)
	}
}

func (p *params) require(names ...string) {
	for _, name := range names {
		if !p.Has(name) {
			p.fail(invalidParam("parameter_missing", name, "Missing required param: %s.", name))
		}
	}
}

// integer reads a whole number of at least 1, such as an amount in cents; 0 when it is not given.
func (p *params) integer(name string) int64 {
	if !p.Has(name) {
		return 0
	}
	n, err := strconv.ParseInt(p.Get(name), 10, 64)
	switch {
	case err != nil:
		p.fail(invalidParam("parameter_invalid_integer", name, "Invalid integer: %s", p.Get(name)))
	case n < 1:
		p.fail(invalidParam("parameter_invalid_integer", name, "This value must be greater than or equal to 1."))
	}
	return n
}

func (p *params) flag(name string) bool {
	if v := p.Get(name); v != "" && v != "true" && v != "false" {
		p.fail(invalidParam("", name, "Invalid boolean: %s", v))
	}
	return p.Get(name) == "true"
}

// oneOf reads a word of a closed set; empty when it is not given.
func (p *params) oneOf(name string, words ...string) string {
	if v := p.Get(name); v != "" && !slices.Contains(words, v) {
		p.fail(invalidParam("", name, "Invalid %s: must be one of %s", name, strings.Join(words, ", ")))
	}
	return p.Get(name)
}

// list reads name[0], name[1], ... and name[].
func (p *params) list(name string) []string {
	var items []string
	for _, key := range slices.Sorted(maps.Keys(p.Values)) {
		if strings.HasPrefix(key, name+"[") {
			items = append(items, p.Values[key]...)
		}
	}
	return items
}

// metadata is never nil: Stripe answers {} for none.
func (p *params) metadata() map[string]string {
	data := map[string]string{}
	for name := range p.Values {
		key, ok := strings.CutPrefix(name, "metadata[")
		key, closed := strings.CutSuffix(key, "]")
		if !ok || !closed || p.Get(name) == "" {
			continue
		}
		if data[key] = p.Get(name); len(key) > 40 || len(data[key]) > 500 || len(data) > 50 {
			p.fail(invalidParam("", name, "Metadata can have up to 50 keys, with names of up to 40 characters and values of up to 500."))
		}
	}
	return data
}
