// Package events is what the services tell each other: topics, payloads and their wire form, both ends in one place.
// Publisher and subscriber import it, so nobody spells a topic twice.
//
// Delivery is at least once and in any order. Every payload is therefore the whole snapshot with its version: a
// subscriber keeps the newest it has seen and has nothing to do for an older or equal one.
package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"marketplace/shared/fault"
)

// Topics of the events in this package, one stream each. Changing a name orphans what is still in the old stream.
const (
	TicketsTopic     = "tickets"
	OrdersTopic      = "orders"
	PaymentsTopic    = "payments"
	ExpirationsTopic = "expirations"
	HandoversTopic   = "handovers"
	AccountsTopic    = "accounts"
)

// HeartbeatsTopic shows that the broker takes events, and to a replica that hears broadcasts that it still does.
const HeartbeatsTopic = "heartbeats"

// OutboxTopic is private to the service app: the safety net of its outbox.
func OutboxTopic(app string) string { return app + outboxSuffix }

// IsOutbox tells outbox topics from others.
func IsOutbox(topic string) bool { return strings.HasSuffix(topic, outboxSuffix) }

const outboxSuffix = "-outbox"

// DeadTopic holds what the service app could not handle, until desk has it.
func DeadTopic(app string) string { return app + deadSuffix }

const deadSuffix = "-dead"

// Topics lists every topic, for whoever has to create them before a sidecar subscribes.
func Topics() []string {
	topics := []string{TicketsTopic, OrdersTopic, PaymentsTopic, ExpirationsTopic, HandoversTopic, AccountsTopic, HeartbeatsTopic}
	for _, app := range []string{"tickets", "orders", "handover", "auth", "desk"} {
		topics = append(topics, OutboxTopic(app))
	}
	for _, app := range Deadly() {
		topics = append(topics, DeadTopic(app))
	}
	return topics
}

// Deadly lists the services that have dead letters.
func Deadly() []string {
	return []string{"tickets", "orders", "payments", "expiration", "handover", "mail", "web"}
}

// Subscribers lists the services that must hear every message on a topic, however long they were away. The broker keeps it
// until they have, so it has to know them before anybody publishes. Who listens only while it runs is none: see Listeners.
func Subscribers(topic string) []string {
	switch topic {
	case TicketsTopic:
		return []string{"orders", "handover"}
	case PaymentsTopic, ExpirationsTopic:
		return []string{"orders"}
	case OrdersTopic:
		return []string{"tickets", "payments", "expiration", "handover", "mail"}
	case HandoversTopic:
		return []string{"payments", "mail"}
	case AccountsTopic:
		return []string{"tickets", "mail"}
	}
	if app, private := strings.CutSuffix(topic, outboxSuffix); private {
		return []string{app}
	}
	if strings.HasSuffix(topic, deadSuffix) {
		return []string{"desk"}
	}
	return nil
}

// Listeners lists the services of which every replica hears a topic while it runs. What is published meanwhile it misses.
func Listeners(topic string) []string {
	switch topic {
	case TicketsTopic, OrdersTopic, HeartbeatsTopic:
		return []string{"tickets", "web"}
	case HandoversTopic:
		return []string{"web"}
	}
	return nil
}

// Hearers lists all that a change of a topic's events concerns: Subscribers and Listeners, each once.
func Hearers(topic string) []string {
	all := Subscribers(topic)
	for _, app := range Listeners(topic) {
		if !slices.Contains(all, app) {
			all = append(all, app)
		}
	}
	return all
}

// Payloads makes one of each payload there is.
func Payloads() []Payload {
	return []Payload{new(Ticket), new(Order), new(Payment), new(Expiration), new(Handover), new(Account)}
}

// Payload is the data of an event.
type Payload interface {
	Topic() string
	Types() []string // the types that carry this payload
	describe() header
	check() error // what makes it unreadable, nil if nothing
}

// header is what an event's envelope says about its payload.
type header struct {
	kind    string // the CloudEvents type
	subject string // the aggregate's id
	edition string // tells this state of the aggregate from every other
}

// Event is an event on its way out. Its id is made from type, subject and edition, so publishing it again is the same
// event to the broker and to every subscriber.
type Event struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Topic   string          `json:"topic"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// New makes the event that carries p.
func New(p Payload) Event {
	data, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("payload %T cannot be marshalled: %v", p, err)) // a programming error: payloads are plain data
	}
	h := p.describe()
	return Event{ID: h.kind + "/" + h.subject + "/" + h.edition, Type: h.kind, Topic: p.Topic(), Subject: h.subject, Data: data}
}

// Envelope is the CloudEvents 1.0 envelope as a sidecar delivers it.
type Envelope struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Topic       string          `json:"topic"`
	Time        string          `json:"time"`
	TraceParent string          `json:"traceparent"`
	Data        json.RawMessage `json:"data"`
	Raw         []byte          `json:"data_base64"` // a message as it was, of a topic that is heard so
	Why         string          `json:"deadreason"`  // of a dead letter: what its service said
}

// TopicOf is the topic that events of a type go to, "" for types that are not ours.
func TopicOf(kind string) string {
	for _, p := range Payloads() {
		if slices.Contains(p.Types(), kind) {
			return p.Topic()
		}
	}
	return ""
}

// ErrOtherType is returned for an event whose type the payload does not know: a newer publisher's, and not for us.
var ErrOtherType = errors.New("an event of another type")

// Open reads the envelope of a delivered event. It returns Invalid when it is none.
func Open(body []byte) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return Envelope{}, fault.New(fault.Invalid, "not a CloudEvent: %v", err)
	}
	if e.Type == "" || e.ID == "" {
		return Envelope{}, fault.New(fault.Invalid, "not a CloudEvent: type and id are required")
	}
	return e, nil
}

// Read reads e's payload into p. It returns ErrOtherType, or Invalid when the payload cannot be understood. Unknown
// fields are ignored, so that publishers can add some.
func Read(e Envelope, p Payload) error {
	if !slices.Contains(p.Types(), e.Type) {
		return ErrOtherType
	}
	if err := json.Unmarshal(e.Data, p); err != nil {
		return fault.New(fault.Invalid, "event %s of type %s: %v", e.ID, e.Type, err)
	}
	if err := p.check(); err != nil {
		return fault.New(fault.Invalid, "event %s of type %s: %v", e.ID, e.Type, err)
	}
	return nil
}

func edition(version int64) string { return strconv.FormatInt(version, 10) }

// require is the check that most payloads need.
func require(version int64, fields ...field) error {
	if version < 0 {
		return fmt.Errorf("version %d is negative", version)
	}
	for _, f := range fields {
		if f.value == "" {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	return nil
}

// field is one that must not be empty.
type field struct{ name, value string }
