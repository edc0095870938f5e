package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"marketplace/shared/events"
)

// replay sends dead letters to the topic they came from, one or all, and takes them away once they are stored there. All
// subscribers of the topic get them again, which changes nothing for those who had handled them. What cannot be handled
// this time either comes back as a new dead letter.
func replay(ctx context.Context, b *bench, args []string) error {
	topic := b.flags.String("topic", "", "where to send what does not say where it came from")
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	service, which := b.flags.Arg(0), b.flags.Arg(1)
	seq, err := strconv.ParseUint(which, 10, 64)
	if b.flags.NArg() != 2 || err != nil && which != "all" {
		return errors.New("usage: replay <service> <seq>|all, with the seq that dead shows")
	}
	if *topic != "" {
		if err := checkTopic(*topic); err != nil {
			return err
		}
	}
	conn, js, err := b.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, letters, err := deadLetters(ctx, js, service)
	if err != nil {
		return err
	}
	replayed := 0
	for _, m := range letters { // those there are now: what comes back is not sent a second time
		if which != "all" && m.Seq != seq {
			continue
		}
		if err := b.replayOne(ctx, js, stream, service, m, *topic); err != nil {
			return err
		}
		replayed++
	}
	if replayed == 0 && which != "all" {
		return fmt.Errorf("%s has no dead letter %s", service, which)
	}
	fmt.Fprintf(b.out, "%d replayed\n", replayed)
	return nil
}

func (b *bench) replayOne(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream, service string, m message, topic string) error {
	if topic == "" {
		if topic = b.origin(service, m); topic == "" {
			return fmt.Errorf("nothing says which topic %s %d came from: give -topic", service, m.Seq)
		}
	}
	data, id, err := anew(stream.CachedInfo().Config.Duplicates, m)
	if err != nil {
		return err
	}
	// A message id of its own: by the event's id the broker might still know it, and drop it.
	if _, err := js.Publish(ctx, topic, data, jetstream.WithMsgID("replay/"+rand.Text())); err != nil {
		return fmt.Errorf("replay %s %d: %w", service, m.Seq, err)
	}
	if err := stream.DeleteMsg(ctx, m.Seq); err != nil {
		return fmt.Errorf("%s %d was replayed, but stays in the dead letters: %w", service, m.Seq, err)
	}
	fmt.Fprintf(b.out, "%s %d to %s: %s\n", service, m.Seq, topic, or(id, "(no event)"))
	return nil
}

// origin is the topic a dead letter came from: as its envelope says, or the log of the service, or its type.
func (b *bench) origin(service string, m message) string {
	topic := m.Event.Topic
	if topic == "" {
		topic = b.reason(service, m).Topic
	}
	if topic == "" {
		topic = topicOf(m.Event.Type)
	}
	if checkTopic(topic) != nil || topic == events.DeadTopic(service) {
		return ""
	}
	return topic
}

// anew is the event as it is to be sent, with its id. The id stays as it was, except for an event that died only now: should
// it die again, the stream of dead letters would still know the id, and drop it for good.
func anew(window time.Duration, m message) (data []byte, id string, err error) {
	if m.Event.ID == "" || time.Since(m.At) > window+10*time.Second {
		return m.Data, m.Event.ID, nil
	}
	var event map[string]json.RawMessage
	if err := json.Unmarshal(m.Data, &event); err != nil {
		return nil, "", err
	}
	first, _, _ := strings.Cut(m.Event.ID, "/again/")
	id = fmt.Sprintf("%s/again/%d", first, m.Seq)
	if event["id"], err = json.Marshal(id); err != nil {
		return nil, "", err
	}
	data, err = json.Marshal(event)
	return data, id, err
}
