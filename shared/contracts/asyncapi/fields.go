package asyncapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Field is what is said of one field of an event.
type Field struct {
	Type   string   `json:"type"`             // of JSON; an integer is told from a number
	Always bool     `json:"always,omitempty"` // it and all that it lies in is never missing
	Values []string `json:"values,omitempty"` // the words that may stand there, nil for any
}

// Breaks compares what is said of an event's fields with what was said before, by path: "ticket.price". It returns, in
// words, what a reader who relied on that cannot rely on any more. More fields and more values break nothing.
func Breaks(was, is map[string]Field) []string {
	var broken []string
	for _, path := range slices.Sorted(maps.Keys(was)) {
		before, now := was[path], is[path]
		_, there := is[path]
		switch {
		case !there:
			broken = append(broken, path+" is gone")
		case !fits(now.Type, before.Type):
			broken = append(broken, fmt.Sprintf("%s changed from %s to %s", path, before.Type, now.Type))
		case before.Always && !now.Always:
			broken = append(broken, path+" may be missing now")
		}
		for _, word := range before.Values {
			if there && now.Values != nil && !slices.Contains(now.Values, word) {
				broken = append(broken, fmt.Sprintf("%s can no longer be %q", path, word))
			}
		}
	}
	return broken
}

// fits tells whether a value of type now can be read as one of type before.
func fits(now, before string) bool { return now == before || now == "integer" && before == "number" }

// flatten collects what a schema says of the fields below path.
func (d *Document) flatten(path string, schema any, into map[string]Field) {
	s := object(schema)
	if ref, ok := s["$ref"].(string); ok {
		d.flatten(path, d.resolve(ref), into)
		return
	}
	f := into[path]
	if kind, ok := s["type"].(string); ok {
		f.Type = kind
	}
	words := list(s["enum"])
	if constant, ok := s["const"]; ok {
		words = []any{constant}
	}
	if words != nil {
		f.Values = nil // the narrower of two comes later
		for _, w := range words {
			if word, ok := w.(string); ok {
				f.Values = append(f.Values, word)
			}
		}
	}
	into[path] = f
	for _, part := range list(s["allOf"]) {
		d.flatten(path, part, into)
	}
	for name, property := range object(s["properties"]) {
		d.flatten(join(path, name), property, into)
	}
	for _, name := range list(s["required"]) {
		f := into[join(path, name.(string))]
		f.Always = true
		into[join(path, name.(string))] = f
	}
}

// inData picks the fields of the data out of those of the envelope.
func inData(all map[string]Field) map[string]Field {
	data := map[string]Field{}
	for path, f := range all {
		if inner, ok := strings.CutPrefix(path, "data."); ok {
			data[inner] = f
		}
	}
	return data
}

// fieldsOf collects the fields of a JSON value below path.
func fieldsOf(path string, value any, into map[string]Field) {
	kind := "null"
	switch v := value.(type) {
	case map[string]any:
		kind = "object"
		for name, inner := range v {
			fieldsOf(join(path, name), inner, into)
		}
	case []any:
		kind = "array"
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case json.Number:
		kind = "number"
		if _, err := v.Int64(); err == nil {
			kind = "integer"
		}
	}
	if path != "" {
		into[path] = Field{Type: kind}
	}
}

// resolve follows a reference inside the document.
func (d *Document) resolve(ref string) map[string]any {
	at := d.root
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at[name])
	}
	if further, ok := at["$ref"].(string); ok {
		return d.resolve(further)
	}
	return at
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }
func list(v any) []any            { l, _ := v.([]any); return l }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
