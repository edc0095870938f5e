package dapr

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/recent"
	"marketplace/shared/trace"
)

// Outbox gets committed events to the broker, whatever dies and whenever. It needs no transactions:
//
//  1. A change and its events are one ETag write of one document: both are there or neither.
//  2. Before the write, a nudge that names the document is published to the service's own outbox topic.
//  3. After the write the replica that made it publishes the events. That is the whole story, nearly always.
//  4. About a second later the nudge arrives at some replica. If it knows the write to be settled it is done. If not, it
//     looks at the document and publishes what it finds in its outbox. If the write is not there yet it sends the nudge
//     once more, until no command can still be under way.
//
// A crash before 2 leaves nothing. Between 2 and 3 it leaves a nudge that finds no write, or finds it. Published events
// stay in the document until its next change: there they cost a few hundred bytes, and clearing them would cost a
// write. So an event may be published more than once, always under the same id.
//
// Work that somebody repeats until it is done (see ByRepeat) needs no nudge.
type Outbox struct {
	topic     string
	store     Store
	publisher Publisher
	now       clock.Now
	log       *slog.Logger

	settled *recent.Set // writes that need nobody's attention any more

	mu      sync.Mutex
	queue   []*waiting // commands waiting for the nudge under way to be stored
	sending bool       // a nudge is under way

	background sync.WaitGroup
}

const (
	nudgeAge = time.Second     // a nudge younger than this usually overtakes its write
	againAge = 5 * time.Second // between looks at a write that has not turned up
	// horizon is how long a write may still turn up after its nudge: a frozen sidecar keeps a request and carries it
	// out when it thaws. Nudges of writes that never come are kept alive as long.
	horizon = 15 * time.Minute
)

// command is a write that is about to be made: to Version of the document under Key.
type command struct {
	Key     string `json:"key"`
	Version int64  `json:"version"`
	Writer  string `json:"writer"`
}

// pending is an event in a document's outbox and the write that put it there.
type pending struct {
	Writer string       `json:"writer"`
	Trace  string       `json:"trace,omitempty"` // that the write is part of, whoever publishes the event
	Event  events.Event `json:"event"`
}

// waiting is a command that waits for its nudge to be stored.
type waiting struct {
	command command
	done    chan error
}

// nudge is the message on the outbox topic. Commands that wait at the same moment share one.
type nudge struct {
	At       time.Time `json:"at"`
	Again    time.Time `json:"again,omitzero"` // when it was sent once more, the last time
	Commands []command `json:"commands"`
}

// NewOutbox is the outbox of the service app.
func NewOutbox(app string, store Store, publisher Publisher, now clock.Now, log *slog.Logger) *Outbox {
	return &Outbox{topic: events.OutboxTopic(app), store: store, publisher: publisher, now: now, log: log, settled: recent.New(50_000)}
}

// Topic is where the nudges travel; the service subscribes to it with Nudged.
func (o *Outbox) Topic() string { return o.topic }

// Wait returns when everything that was committed has been published or given up to the nudges.
func (o *Outbox) Wait() { o.background.Wait() }

// insure returns once a nudge for c is stored.
func (o *Outbox) insure(ctx context.Context, c command) error {
	w := &waiting{command: c, done: make(chan error, 1)}
	o.mu.Lock()
	o.queue = append(o.queue, w)
	if !o.sending {
		o.sending = true
		o.background.Go(o.sendNudges)
	}
	o.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sendNudges sends one nudge after the other until nobody waits. Whoever comes while one is under way shares the next.
func (o *Outbox) sendNudges() {
	for {
		o.mu.Lock()
		batch := o.queue
		o.queue = nil
		o.sending = len(batch) > 0
		o.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		n := nudge{At: o.now()}
		for _, w := range batch {
			n.Commands = append(n.Commands, w.command)
		}
		err := o.send(context.Background(), n)
		for _, w := range batch {
			w.done <- err
		}
	}
}

func (o *Outbox) send(ctx context.Context, n nudge) error {
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return o.publisher.Publish(ctx, events.Event{ID: rand.Text(), Type: "nudge", Topic: o.topic, Data: data})
}

// publishLater publishes a committed document's events in the background; their nudge stands by.
func (o *Outbox) publishLater(ctx context.Context, box []pending) {
	parent := trace.Parent(ctx)
	publishing.Add(1)
	o.background.Go(func() {
		defer publishing.Add(-1)
		began := time.Now()
		err := o.publishNow(trace.From(context.Background(), parent), box)
		if err == nil {
			publishTime.Observe(time.Since(began).Seconds())
		} else {
			leftOver.Inc()
			o.log.Warn("events wait for their nudge, or for the next change", "error", err)
		}
	})
}

// publishNow publishes what this replica does not know to be published, in order.
func (o *Outbox) publishNow(ctx context.Context, box []pending) error {
	for _, p := range o.unpublished(box) {
		if err := o.publisher.Publish(trace.From(ctx, p.Trace), p.Event); err != nil {
			return err
		}
		o.log.Info("event published", "type", p.Event.Type, "id", p.Event.ID, "trace", trace.ID(trace.From(ctx, p.Trace)))
	}
	for _, p := range box {
		o.settle(p.Writer)
	}
	return nil
}

// unpublished drops the events that this replica knows to be published. Those of others it keeps: to the broker and
// to every subscriber a repeated event is the same event.
func (o *Outbox) unpublished(box []pending) []pending {
	var open []pending
	for _, p := range box {
		if !o.settled.Has(p.Writer) {
			open = append(open, p)
		}
	}
	return open
}

// settle notes that a write's events are published, or that the write was refused.
func (o *Outbox) settle(writer string) { o.settled.Add(writer) }

// Nudged handles a message on the outbox topic. While one of its writes may still turn up it sends the nudge once more:
// what becomes of a message that is asked for again is different with every broker.
func (o *Outbox) Nudged(ctx context.Context, e events.Envelope) error {
	var n nudge
	if err := json.Unmarshal(e.Data, &n); err != nil {
		return fault.New(fault.Invalid, "not a nudge: %v", err)
	}
	sent, age := n.At, nudgeAge
	if !n.Again.IsZero() {
		sent, age = n.Again, againAge
	}
	select {
	case <-time.After(min(age-o.now().Sub(sent), age)): // at most age, whatever the publisher's clock says
	case <-ctx.Done():
		return ctx.Err()
	}
	open := o.open(n.Commands)
	keys := make([]string, len(open))
	for i, c := range open {
		keys[i] = c.Key
	}
	items, err := o.store.LoadMany(ctx, keys)
	if err != nil {
		return down(err)
	}
	var errs []error
	var waiting []command
	for i, item := range items {
		err := o.look(ctx, open[i], item, o.now().Sub(n.At))
		if fault.KindOf(err) == fault.Early {
			waiting = append(waiting, open[i])
			continue
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil || len(waiting) == 0 {
		return err
	}
	return o.send(ctx, nudge{At: n.At, Again: o.now(), Commands: waiting})
}

// look publishes what is left in the document that c was to write. It returns Early while that may still be written.
func (o *Outbox) look(ctx context.Context, c command, item Item, age time.Duration) error {
	doc, err := parse(c.Key, item)
	if err != nil {
		return err
	}
	if doc.Version >= c.Version {
		if len(o.unpublished(doc.Outbox)) > 0 {
			nudged.Inc(rescued)
		}
		return o.publishNow(ctx, doc.Outbox)
	}
	if age > horizon {
		nudged.Inc(never)
		return nil // it never committed
	}
	nudged.Inc(waited)
	return fault.New(fault.Early, "%s is at version %d, waiting for %d", c.Key, doc.Version, c.Version)
}

func (o *Outbox) open(commands []command) []command {
	var open []command
	for _, c := range commands {
		if !o.settled.Has(c.Writer) {
			open = append(open, c)
		}
	}
	return open
}
