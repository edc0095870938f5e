// Package asyncapi holds events to shared/contracts/asyncapi.yaml. It is for tests.
package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"marketplace/shared/events"
)

// Document is asyncapi.yaml.
type Document struct {
	root     map[string]any
	messages map[string]message // by CloudEvents type
}

// base names the document in what is said of it.
const base = "https://marketplace.example/asyncapi"

// message is an event of one of our topics.
type message struct {
	topic    string
	envelope *jsonschema.Schema
	fields   map[string]Field // of its data
}

// Read reads the document in file.
func Read(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var parsed any
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	asJSON, err := json.Marshal(parsed) // with the types that a JSON Schema library expects
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return nil, err
	}
	d := &Document{root: root.(map[string]any), messages: map[string]message{}}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7) // AsyncAPI's schemas are a superset of it
	compiler.AssertFormat()
	if err := compiler.AddResource(base, root); err != nil {
		return nil, err
	}
	for topic, channel := range d.channels() {
		if !slices.ContainsFunc(events.Payloads(), func(p events.Payload) bool { return p.Topic() == topic }) {
			continue // carries no events of ours
		}
		for name := range object(channel["messages"]) {
			at := "#/components/messages/" + name
			envelope, err := compiler.Compile(base + at + "/payload")
			if err != nil {
				return nil, err
			}
			described := d.resolve(at)
			kind, _ := described["name"].(string)
			all := map[string]Field{}
			d.flatten("", described["payload"], all)
			d.messages[kind] = message{topic, envelope, inData(all)}
		}
	}
	return d, nil
}

// Types lists the types of events on a topic.
func (d *Document) Types(topic string) []string {
	var kinds []string
	for kind, m := range d.messages {
		if m.topic == topic {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// Check holds what was published to a topic to the document. A field of the data that the document does not know is a
// fault too.
func (d *Document) Check(topic string, body []byte) error {
	e, err := events.Open(body)
	if err != nil {
		return err
	}
	m, known := d.messages[e.Type]
	if !known || m.topic != topic {
		return fmt.Errorf("asyncapi.yaml knows no %s on topic %s", e.Type, topic)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	if err := m.envelope.Validate(value); err != nil {
		return fmt.Errorf("%s %s: %w", e.Type, e.ID, err)
	}
	var source struct{ Source string }
	if err := json.Unmarshal(body, &source); err != nil {
		return err
	}
	if says := d.services("send", topic, ""); !slices.Contains(says, source.Source) {
		return fmt.Errorf("%s %s was published by %q, and on topic %s only %q publishes", e.Type, e.ID, source.Source, topic, says)
	}
	there := map[string]Field{}
	fieldsOf("", object(value)["data"], there)
	for _, path := range slices.Sorted(maps.Keys(there)) {
		if _, described := m.fields[path]; !described {
			return fmt.Errorf("%s %s: asyncapi.yaml does not know its %s", e.Type, e.ID, path)
		}
	}
	return nil
}

// services lists who sends to or receives from a topic. reach is "service" or "replica", as in the document, "" for both.
func (d *Document) services(action, topic, reach string) []string {
	var all []string
	for _, op := range object(d.root["operations"]) {
		o := object(op)
		channel := d.resolve(object(o["channel"])["$ref"].(string))
		if o["action"] == action && addressed(channel, topic) && (reach == "" || o["x-reach"] == reach) {
			all = append(all, o["x-service"].(string))
		}
	}
	slices.Sort(all)
	return all
}

// addressed tells whether topic is a channel's, or one of those of every service.
func addressed(channel map[string]any, topic string) bool {
	address := channel["address"].(string)
	for _, service := range list(object(object(channel["parameters"])["service"])["enum"]) {
		if strings.ReplaceAll(address, "{service}", service.(string)) == topic {
			return true
		}
	}
	return address == topic
}

// channels are the channels by their address.
func (d *Document) channels() map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, c := range object(d.root["channels"]) {
		all[object(c)["address"].(string)] = object(c)
	}
	return all
}
