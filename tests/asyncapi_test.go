package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"marketplace/shared/contracts/asyncapi"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// holdToContract reads everything that the services of stacks have published and holds it to shared/contracts/asyncapi.yaml.
// With all, no type that stands there may be missing. Only JetStream can be read afterwards: on another broker there is
// nothing to do.
func holdToContract(stacks []*stack.Stack, all bool) error {
	document, err := asyncapi.Read("../shared/contracts/asyncapi.yaml")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wrong []error
	seen, read := map[string]int{}, false
	for _, s := range stacks {
		if s.NATSURL == "" {
			continue
		}
		read = true
		for _, p := range events.Payloads() {
			topic := p.Topic()
			err := s.Published(ctx, topic, func(message []byte, _ time.Time) error {
				var e struct{ Source, Type string }
				if json.Unmarshal(message, &e) != nil || !slices.Contains(apps, e.Source) || e.Source == "desk" {
					return nil // a test's own: broken on purpose, and perhaps replayed
				}
				if err := document.Check(topic, message); err != nil && len(wrong) < 10 {
					wrong = append(wrong, err)
				}
				seen[e.Type]++
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	for _, p := range events.Payloads() {
		for _, kind := range p.Types() {
			if read && all && seen[kind] == 0 {
				wrong = append(wrong, fmt.Errorf("%s was published by nobody in any test", kind))
			}
		}
	}
	if read {
		fmt.Println("held to asyncapi.yaml:", seen)
	}
	return errors.Join(wrong...)
}
