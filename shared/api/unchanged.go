package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"marketplace/shared/fault"
)

// Unchanged lets a caller send back what he has read, with the fields in it that he cannot change: given are those, by name,
// nil for what he did not send. It returns Invalid, naming each that is not as now, the thing as a GET shows it, has it. A
// field that now leaves out is the zero one.
func Unchanged(now any, given map[string]json.RawMessage) error {
	raw, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("marshal answer: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("what is not an object has no fields: %w", err)
	}
	var wrong fault.Fields
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			continue
		}
		var v any
		_ = json.Unmarshal(given[name], &v) // it was read as part of a body, so it is JSON
		want, shown := fields[name]
		wrong.Check(reflect.DeepEqual(v, want) || !shown && (v == nil || reflect.ValueOf(v).IsZero()), name, name+" cannot be changed")
	}
	return wrong.Err()
}
