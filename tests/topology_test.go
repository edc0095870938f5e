package tests

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// RabbitMQ throws away what is published to a topic without a queue. The definitions that it is started with have a
// queue for everything that the services subscribe to, and for all dead letters.
func TestRabbitMQsDefinitionsAreComplete(t *testing.T) {
	text, err := os.ReadFile("../components/pubsub-rabbitmq/definitions.json")
	require.NoError(t, err)
	var defined struct {
		Policies []struct {
			Pattern    string
			Definition map[string]any
		}
		Exchanges []struct{ Name string }
		Queues    []struct{ Name string }
		Bindings  []struct{ Source, Destination string }
	}
	require.NoError(t, json.Unmarshal(text, &defined))
	var bound []string // queue and the topic that fills it
	for _, b := range defined.Bindings {
		assert.True(t, slices.ContainsFunc(defined.Queues, func(q struct{ Name string }) bool { return q.Name == b.Destination }), b.Destination)
		bound = append(bound, b.Destination+" "+b.Source)
	}
	var back []string // queues to which failures return
	for _, p := range defined.Policies {
		if queue, ok := p.Definition["dead-letter-routing-key"].(string); ok && p.Pattern == "^dlq-"+queue+"$" {
			back = append(back, queue)
		}
	}
	var topics []string
	for _, e := range defined.Exchanges {
		if !strings.HasPrefix(e.Name, "dlx-") { // of the queues in which failures wait
			topics = append(topics, e.Name)
		}
	}
	assert.ElementsMatch(t, events.Topics(), topics)

	s := market(t)
	var wanted []string
	for _, id := range apps {
		for _, sub := range subscriptions(t, s, id) {
			if sub.PubSubName == dapr.Broadcast {
				continue // its queues come and go with the sidecars
			}
			queue := id + "-" + sub.Topic
			wanted = append(wanted, queue+" "+sub.Topic, "dlq-"+queue+" dlx-"+queue)
			assert.Contains(t, back, queue, "a failure comes back")
		}
	}
	slices.Sort(wanted)
	for _, w := range slices.Compact(wanted) {
		assert.Contains(t, bound, w)
	}
}

// JetStream keeps an event for those whom shared/events names. A service that is missing there loses what is published
// before it has subscribed for the first time; one that does not subscribe keeps everything from going.
func TestSubscribersAreThoseWhoSubscribe(t *testing.T) {
	s := market(t)
	subscribe, listen := map[string][]string{}, map[string][]string{}
	for _, id := range apps {
		for _, sub := range subscriptions(t, s, id) {
			if sub.PubSubName == dapr.Broadcast {
				listen[sub.Topic] = append(listen[sub.Topic], id)
			} else {
				subscribe[sub.Topic] = append(subscribe[sub.Topic], id)
			}
		}
	}
	for _, topic := range events.Topics() {
		assert.ElementsMatch(t, events.Subscribers(topic), subscribe[topic], topic)
		assert.ElementsMatch(t, events.Listeners(topic), listen[topic], topic)
	}
}

var apps = []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk", "web"}
