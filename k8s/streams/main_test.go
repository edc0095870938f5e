package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"marketplace/k8s/streams/prepare"
)

// A sidecar does not subscribe with a consumer of other settings than its component's, and nobody hears of it.
func TestConsumersAreAsTheComponentsWantThem(t *testing.T) {
	for file, wanted := range map[string]prepare.Consumer{"pubsub.yaml": business, "outbox.yaml": outbox} {
		text, err := os.ReadFile("../../components/pubsub-jetstream/" + file)
		require.NoError(t, err)
		var component struct {
			Spec struct {
				Metadata []struct{ Name, Value string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &component))
		said := map[string]string{}
		for _, m := range component.Spec.Metadata {
			said[m.Name] = m.Value
		}
		ackWait, err := time.ParseDuration(said["ackWait"])
		require.NoError(t, err, file)
		pending, _ := strconv.Atoi(said["maxAckPending"]) // not said: 0
		assert.Equal(t, wanted, prepare.Consumer{AckWait: ackWait, MaxPending: pending}, file)
		assert.Equal(t, "{appID}", said["durableName"], file)
		assert.Equal(t, "{appID}", said["queueGroupName"], file)
	}
}
