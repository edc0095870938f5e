package main

import (
	"os"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A sidecar does not subscribe with a consumer of other settings than its component's, and nobody hears of it.
func TestConsumersAreAsTheComponentsWantThem(t *testing.T) {
	t.Setenv("NATS_URL", "nats://nowhere")
	var cfg settings
	require.NoError(t, envconfig.Process("", &cfg))
	for file, pending := range map[string]string{"pubsub.yaml": "100", "outbox.yaml": ""} {
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
		assert.Equal(t, ackWait, cfg.AckWait, file)
		assert.Equal(t, pending, said["maxAckPending"], file)
		assert.Equal(t, "{appID}", said["durableName"], file)
		assert.Equal(t, "{appID}", said["queueGroupName"], file)
	}
	assert.Equal(t, 100, cfg.MaxAckPending)
}
