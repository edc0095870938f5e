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

// Explains has the service put what it cannot handle on its dead-letter topic with the reason, which is in its log alone otherwise.
// Its sidecar puts the same event there once more, without one: a broker that knows duplicates drops it, and so does desk.
func (r *Routes) Explains(g Grave) { r.grave = g }

// longestWhy bounds the reason that goes with a dead letter, in characters.
const longestWhy = 500

// explain puts an event that is given up with the dead letters, before its sidecar does.
func (r *Routes) explain(ctx context.Context, s subscription, body []byte, why error) {
	var event map[string]json.RawMessage
	if r.grave == nil || s.DeadLetter == "" || why == nil || json.Unmarshal(body, &event) != nil || event == nil {
		return
	}
	words := []rune(strings.ToValidUTF8(why.Error(), ""))
	event["deadreason"], _ = json.Marshal(string(words[:min(len(words), longestWhy)])) // text can be marshalled
	message, err := json.Marshal(event)
	if err == nil {
		err = r.grave.PublishRaw(context.WithoutCancel(ctx), s.DeadLetter, message)
	}
	if err != nil {
		r.log.Warn("a dead letter goes without its reason", "topic", s.DeadLetter, "error", err)
	}
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
