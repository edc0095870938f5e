package stack

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// Whoever changes the settings of a subscription runs on with what is in his broker.
func TestConsumersFollowTheComponents(t *testing.T) {
	root, err := findRoot()
	require.NoError(t, err)
	program := filepath.Join(root, ".tools", "bin", "nats-server")
	block, err := claimPorts()
	require.NoError(t, err)
	defer block.release()
	port := strconv.Itoa(block.take())
	server := exec.Command(program, "--addr", "127.0.0.1", "--port", port, "--jetstream", "--store_dir", t.TempDir())
	require.NoError(t, server.Start(), "`make tools` builds it")
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	url := "nats://127.0.0.1:" + port
	folder := filepath.Join(root, "components", "pubsub-jetstream")
	require.Eventually(t, func() bool { return createStreams(t.Context(), url, folder) == nil }, 10*time.Second, 50*time.Millisecond)

	conn, err := nats.Connect(url)
	require.NoError(t, err)
	defer conn.Close()
	js, err := conn.JetStream()
	require.NoError(t, err)
	subscribe := func(options ...nats.SubOpt) error { // as the component does
		sub, err := js.QueueSubscribe(events.OrdersTopic, "tickets", func(*nats.Msg) {}, append(options, nats.Durable("tickets"))...)
		if err == nil {
			err = sub.Drain()
		}
		return err
	}
	_, err = js.AddConsumer(events.OrdersTopic, &nats.ConsumerConfig{Durable: "tickets", DeliverSubject: nats.NewInbox(), DeliverGroup: "tickets",
		AckPolicy: nats.AckExplicitPolicy, AckWait: 42 * time.Second, MaxAckPending: 7})
	require.NoError(t, err)
	wanted, err := readConsumer(filepath.Join(folder, "pubsub.yaml"))
	require.NoError(t, err)
	now := []nats.SubOpt{nats.AckWait(wanted.ackWait), nats.MaxAckPending(wanted.maxPending)}
	require.Error(t, subscribe(now...), "what this is all about")

	require.NoError(t, createStreams(t.Context(), url, folder))
	require.NoError(t, subscribe(now...))
}
