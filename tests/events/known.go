package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"marketplace/shared/events"
)

// blank is an empty payload for a type. Its error lists the types there are.
func blank(kind string) (events.Payload, error) {
	var known []string
	for _, p := range events.Payloads() {
		if slices.Contains(p.Types(), kind) {
			return p, nil
		}
		known = append(known, p.Types()...)
	}
	return nil, fmt.Errorf("%q is no event of ours; there are %s", kind, strings.Join(known, ", "))
}

// parse makes the event of a type from its data. Its error names the field that is wrong.
func parse(kind string, data []byte) (events.Event, error) {
	payload, err := blank(kind)
	if err != nil {
		return events.Event{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return events.Event{}, fmt.Errorf("the data must be a JSON object: %w", err)
	}
	for name, value := range fields {
		if err := checkField(kind, name, value); err != nil {
			return events.Event{}, err
		}
	}
	if err := events.Read(events.Envelope{ID: "by hand", Type: kind, Data: data}, payload); err != nil {
		return events.Event{}, err
	}
	e := events.New(payload)
	if e.Type != kind {
		return events.Event{}, fmt.Errorf("with this version and status it is not %s but %s", kind, e.Type)
	}
	return e, nil
}

// checkField reads one field alone: the decoder does not always say which one it stumbled over.
func checkField(kind, name string, value json.RawMessage) error {
	alone, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil {
		return err
	}
	payload, err := blank(kind)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(alone)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(payload); err != nil {
		return fmt.Errorf("%s of %s: %w", name, kind, err)
	}
	return nil
}

// checkTopic refuses a topic that does not exist.
func checkTopic(topic string) error {
	if !slices.Contains(events.Topics(), topic) {
		return fmt.Errorf("there is no topic %q; there are %s", topic, strings.Join(events.Topics(), ", "))
	}
	return nil
}
