package service

import (
	"context"
	"encoding/json"
	"strings"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// Grave takes what cannot be handled: the sidecar.
type Grave interface {
	PublishRaw(ctx context.Context, topic string, message []byte) error
}

// Explains has the service put what it cannot handle on its dead-letter topic itself, as it was and with the reason, which is
// in its log alone otherwise. Where that fails its sidecar does so, without one.
func (r *Routes) Explains(g Grave) { r.grave = g }

// longestWhy bounds the reason that goes with a dead letter, in characters.
const longestWhy = 500

// bury tells whether an event is with the dead letters.
func (r *Routes) bury(ctx context.Context, s subscription, body []byte, why error) bool {
	if r.grave == nil || s.DeadLetter == "" || why == nil {
		return false
	}
	var event map[string]json.RawMessage
	if json.Unmarshal(body, &event) != nil || event == nil {
		return false
	}
	words := []rune(strings.ToValidUTF8(why.Error(), ""))
	event["deadreason"], _ = json.Marshal(string(words[:min(len(words), longestWhy)])) // text can be marshalled
	message, err := json.Marshal(event)
	if err != nil {
		return false
	}
	if err := r.grave.PublishRaw(context.WithoutCancel(ctx), s.DeadLetter, message); err != nil {
		r.log.Warn("a dead letter goes without its reason", "topic", s.DeadLetter, "error", err)
		return false
	}
	return true
}

// DeadLetters subscribes h to what all services could not handle, each as it lies there: the event as it was, or whatever somebody
// has put on the topic instead. An error asks for it again, without end.
func (r *Routes) DeadLetters(h func(ctx context.Context, service string, message []byte) error) {
	for _, app := range events.Deadly() {
		topic := events.DeadTopic(app)
		raw := map[string]string{"rawPayload": "true"} // else the sidecar throws away what is no event
		r.subscribe(subscription{PubSub: dapr.PubSub, Topic: topic, Route: "/events/" + topic, Metadata: raw}, func(ctx context.Context, e events.Envelope) error {
			return h(ctx, app, e.Raw)
		})
	}
}
