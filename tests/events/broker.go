package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

// connect reaches the broker behind the sidecars. Whoever calls it closes the connection.
func (b *bench) connect() (*nats.Conn, jetstream.JetStream, error) {
	address := b.nats
	if address == "" {
		file := filepath.Join(b.dir, ".local", "secrets.json")
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("is the stack running? %w", err)
		}
		var secrets struct{ NATSURL string }
		if err := json.Unmarshal(text, &secrets); err != nil || secrets.NATSURL == "" {
			return nil, nil, fmt.Errorf("%s names no natsURL: the stack runs on another broker, which this command cannot read", file)
		}
		address = secrets.NATSURL
	}
	conn, err := nats.Connect(address, nats.Name("event bench"), nats.Timeout(2*time.Second))
	if err != nil {
		return nil, nil, fmt.Errorf("is the stack running? broker at %s: %w", address, err)
	}
	js, err := jetstream.New(conn)
	return conn, js, err
}

// message is an event as it lies in a stream, or what somebody put there instead.
type message struct {
	Seq   uint64
	At    time.Time // when the broker stored it
	Event events.Envelope
	Data  []byte
}

func read(seq uint64, at time.Time, data []byte) message {
	m := message{Seq: seq, At: at, Data: data}
	_ = json.Unmarshal(data, &m.Event) // as much of it as can be read; the rest stays empty
	return m
}

// version is that of what the event tells of, "-" where there is none.
func (m message) version() string {
	var data struct{ Version *int64 }
	if json.Unmarshal(m.Event.Data, &data) != nil || data.Version == nil {
		return "-"
	}
	return fmt.Sprintf("v%d", *data.Version)
}

// or is s, or instead when there is none.
func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
