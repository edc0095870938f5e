package stack

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// broker is a NATS server for one test.
type broker struct {
	t      *testing.T
	js     nats.JetStreamContext
	url    string
	folder string // the components
}

func startBroker(t *testing.T) broker {
	t.Helper()
	root, err := findRoot()
	require.NoError(t, err)
	program := filepath.Join(root, ".tools", "bin", "nats-server")
	block, err := claimPorts()
	require.NoError(t, err)
	t.Cleanup(block.release)
	port := strconv.Itoa(block.take())
	server := exec.Command(program, "--addr", "127.0.0.1", "--port", port, "--jetstream", "--store_dir", t.TempDir())
	require.NoError(t, server.Start(), "`make tools` builds it")
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	b := broker{t: t, url: "nats://127.0.0.1:" + port, folder: filepath.Join(root, "components", "pubsub-jetstream")}
	var conn *nats.Conn
	require.Eventually(t, func() bool { conn, err = nats.Connect(b.url); return err == nil }, 10*time.Second, 50*time.Millisecond)
	t.Cleanup(conn.Close)
	b.js, err = conn.JetStream()
	require.NoError(t, err)
	return b
}

func (b broker) prepare(keep bool) {
	b.t.Helper()
	require.NoError(b.t, createStreams(b.t.Context(), b.url, b.folder, keep))
}

func (b broker) publish(topic string, n int) {
	b.t.Helper()
	for i := range n {
		_, err := b.js.Publish(topic, []byte("{}"), nats.MsgId(fmt.Sprint(topic, i)))
		require.NoError(b.t, err)
	}
}

// subscribe does what a sidecar's component does for a service.
func (b broker) subscribe(topic, service string, handle nats.MsgHandler) error {
	b.t.Helper()
	wanted, err := readConsumer(filepath.Join(b.folder, "pubsub.yaml"))
	require.NoError(b.t, err)
	info, err := b.js.AddConsumer(topic, &nats.ConsumerConfig{Durable: service, DeliverGroup: service, DeliverSubject: nats.NewInbox(), FilterSubject: topic,
		DeliverPolicy: nats.DeliverAllPolicy, AckPolicy: nats.AckExplicitPolicy, AckWait: wanted.AckWait, MaxAckPending: wanted.MaxPending})
	if err != nil {
		return err
	}
	sub, err := b.js.QueueSubscribe(topic, service, handle, nats.Bind(topic, info.Name), nats.ManualAck())
	if err == nil {
		b.t.Cleanup(func() { _ = sub.Unsubscribe() })
	}
	return err
}

// handles lets a service handle everything on a topic.
func (b broker) handles(topic, service string) {
	b.t.Helper()
	require.NoError(b.t, b.subscribe(topic, service, func(m *nats.Msg) { assert.NoError(b.t, m.AckSync()) }))
	require.Eventually(b.t, func() bool {
		info, err := b.js.ConsumerInfo(topic, service)
		return err == nil && info.NumPending == 0 && info.NumAckPending == 0
	}, 10*time.Second, 10*time.Millisecond)
}

func (b broker) left(topic string) int {
	b.t.Helper()
	info, err := b.js.StreamInfo(topic)
	require.NoError(b.t, err)
	return int(info.State.Msgs)
}

// Whoever changes the settings of a subscription runs on with what is in his broker.
func TestConsumersFollowTheComponents(t *testing.T) {
	b := startBroker(t)
	b.prepare(false)
	require.NoError(t, b.js.DeleteConsumer(events.OrdersTopic, "tickets"))
	_, err := b.js.AddConsumer(events.OrdersTopic, &nats.ConsumerConfig{Durable: "tickets", DeliverSubject: nats.NewInbox(), DeliverGroup: "tickets",
		AckPolicy: nats.AckExplicitPolicy, AckWait: 42 * time.Second, MaxAckPending: 7})
	require.NoError(t, err)
	nothing := func(*nats.Msg) {}
	require.Error(t, b.subscribe(events.OrdersTopic, "tickets", nothing), "what this is all about")

	b.prepare(false)
	require.NoError(t, b.subscribe(events.OrdersTopic, "tickets", nothing))
}

// A message is kept until all who are to handle it have, those that never ran yet among them, and no longer: what is kept
// longer fills the disk, and a full stream refuses every command.
func TestWhatAllHaveHandledGoes(t *testing.T) {
	b := startBroker(t)
	b.prepare(false)
	listener, err := b.js.SubscribeSync(events.OrdersTopic, nats.DeliverNew(), nats.AckNone()) // as components/pubsub-jetstream/broadcast.yaml
	require.NoError(t, err)
	b.publish(events.OrdersTopic, 10)
	last := events.Subscribers(events.OrdersTopic)
	for len(last) > 1 {
		b.handles(events.OrdersTopic, last[0])
		last = last[1:]
	}
	assert.Equal(t, 10, b.left(events.OrdersTopic), "one has never run")
	b.handles(events.OrdersTopic, last[0])
	require.Eventually(t, func() bool { return b.left(events.OrdersTopic) == 0 }, 5*time.Second, 10*time.Millisecond)
	for range 10 {
		_, err := listener.NextMsg(time.Second)
		require.NoError(t, err, "who listens has heard it")
	}
	b.publish(events.OrdersTopic, 10)
	assert.Zero(t, b.left(events.OrdersTopic), "the same once more is known still")

	b.publish(events.DeadTopic("orders"), 10)
	assert.Equal(t, 10, b.left(events.DeadTopic("orders")), "dead letters wait for a person")
	b.publish(events.HeartbeatsTopic, 10)
	assert.Equal(t, 1, b.left(events.HeartbeatsTopic), "the last is enough")
}

// A broker from before, which kept everything, is brought to the new ways and loses nothing that anybody needs.
func TestAnOldBrokerIsBroughtUpToDate(t *testing.T) {
	b := startBroker(t)
	for _, topic := range events.Topics() {
		_, err := b.js.AddStream(&nats.StreamConfig{Name: topic, Subjects: []string{topic}, MaxAge: 7 * 24 * time.Hour, Duplicates: 2 * time.Minute})
		require.NoError(t, err)
	}
	_, err := b.js.AddConsumer(events.OrdersTopic, &nats.ConsumerConfig{Durable: "tickets", DeliverSubject: nats.NewInbox(), DeliverGroup: "tickets",
		AckPolicy: nats.AckExplicitPolicy, AckWait: 15 * time.Second, MaxAckPending: 500})
	require.NoError(t, err)
	b.publish(events.OrdersTopic, 10)

	b.prepare(false)
	assert.Equal(t, 10, b.left(events.OrdersTopic))
	for _, service := range events.Subscribers(events.OrdersTopic) {
		b.handles(events.OrdersTopic, service)
	}
	require.Eventually(t, func() bool { return b.left(events.OrdersTopic) == 0 }, 5*time.Second, 10*time.Millisecond)
}

// Who reads everything afterwards finds it.
func TestEverythingIsKeptForThoseWhoAsk(t *testing.T) {
	b := startBroker(t)
	b.prepare(true)
	b.publish(events.TicketsTopic, 10)
	b.handles(events.TicketsTopic, "orders")
	assert.Equal(t, 10, b.left(events.TicketsTopic))
}
