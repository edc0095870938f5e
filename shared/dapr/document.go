package dapr

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// document is what a key holds: a body, and what it takes to change it safely and to announce the change.
type document struct {
	Version int64           `json:"version"`          // counts commits, from 1
	Writers []string        `json:"writers"`          // the latest writes, newest last
	Outbox  []pending       `json:"outbox,omitempty"` // events committed with the body
	Body    json.RawMessage `json:"body"`
}

// writersKept is how many writes a document remembers. A write whose answer was lost is recognised by its name as long
// as fewer others have followed.
const writersKept = 8

// Collection keeps documents of one type, each under an id. A change to one document is one ETag write. Nobody is told of
// it; Announced is a collection whose changes are events.
type Collection[T any] struct {
	name  string
	store Store
	ttl   time.Duration // after the last change, 0: for ever

	outbox    *Outbox // all nil unless it is part of an Announced
	announce  func(before, after T) []events.Event
	committed func(before, after T)
}

// NewCollection is a collection of documents that are kept for ever.
func NewCollection[T any](name string, store Store) *Collection[T] {
	return &Collection[T]{name: name, store: store}
}

// NewTemporary is a collection whose documents are forgotten when nobody has changed them for ttl, rounded up to seconds:
// not at once, but soon after.
func NewTemporary[T any](name string, store Store, ttl time.Duration) *Collection[T] {
	return &Collection[T]{name: name, store: store, ttl: ttl}
}

// ErrExists is returned by Create for an id that is taken.
var ErrExists = errors.New("exists already")

// Get returns a document, NotFound when there is none, Unavailable when the store does not answer.
func (c *Collection[T]) Get(ctx context.Context, id string) (T, error) {
	var body T
	doc, _, err := c.load(ctx, id)
	if err != nil {
		return body, down(err)
	}
	if doc.Version == 0 {
		return body, fault.NoSuchThing()
	}
	return body, c.decode(id, doc, &body)
}

// GetMany returns the documents of those ids that have one, in their order.
func (c *Collection[T]) GetMany(ctx context.Context, ids []string) ([]T, error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = c.key(id)
	}
	items, err := c.store.LoadMany(ctx, keys)
	if err != nil {
		return nil, down(err)
	}
	bodies := make([]T, 0, len(items))
	for i, item := range items {
		doc, err := parse(keys[i], item)
		if err != nil {
			return nil, err
		}
		if doc.Version == 0 {
			continue
		}
		var body T
		if err := c.decode(ids[i], doc, &body); err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// Create makes a document, without looking whether there is one: the store refuses it then. It returns ErrExists when the
// id is taken, Unavailable when the store does not answer.
func (c *Collection[T]) Create(ctx context.Context, id string, body T) error {
	_, err := c.commit(ctx, id, plan{unseen: true}, missing(body))
	return err
}

// missing makes a document of body where there is none.
func missing[T any](body T) func(document, *T) error {
	return func(doc document, b *T) error {
		if doc.Version > 0 {
			return ErrExists
		}
		*b = body
		return nil
	}
}

// Update changes a document and returns it as it is then. change may run several times and must do no I/O; an error
// from it is returned as it is and nothing is written; leaving the body as it was writes nothing either. Update returns
// NotFound when there is no document, Unavailable when the store does not answer.
func (c *Collection[T]) Update(ctx context.Context, id string, change func(*T) error) (T, error) {
	return c.commit(ctx, id, plan{}, existing(change))
}

// existing is change for documents that are there.
func existing[T any](change func(*T) error) func(document, *T) error {
	return func(doc document, b *T) error {
		if doc.Version == 0 {
			return fault.NoSuchThing()
		}
		return change(b)
	}
}

// Upsert is Update that starts from the zero T when there is no document.
func (c *Collection[T]) Upsert(ctx context.Context, id string, change func(*T) error) (T, error) {
	return c.commit(ctx, id, plan{}, func(_ document, b *T) error { return change(b) })
}

// plan says how to commit.
type plan struct {
	promise Promise
	unseen  bool         // take it that there is no document, and load only when the store knows better
	before  func() error // runs once, when change is accepted and nothing is written yet; may be nil
}

// commit loads, changes and saves until it has won, lost for a reason, or run out of time.
func (c *Collection[T]) commit(ctx context.Context, id string, p plan, change func(document, *T) error) (T, error) {
	command := rand.Text()[:13]
	var zero T
	var last error     // why the last save failed
	var attempt string // names the last save
	var from, to T     // what it was to make of what
	for try := 0; ; try++ {
		if err := pause(ctx, try); err != nil {
			return zero, down(errors.Join(last, err))
		}
		var doc document
		var etag string
		var err error
		if try > 0 || !p.unseen {
			doc, etag, err = c.load(ctx, id)
		}
		if errors.Is(err, errUnreadable) {
			return zero, err
		}
		if err != nil {
			last = err
			continue
		}
		var before, after T
		if err := errors.Join(c.decode(id, doc, &before), c.decode(id, doc, &after)); err != nil {
			return zero, err
		}
		if doc.wrote(command) {
			c.count(from, to)                            // not what others have made of it since
			return after, c.publish(ctx, p.promise, doc) // our write got through, only its answer was lost
		}
		if errors.Is(last, ErrLost) && c.outbox != nil {
			c.outbox.settle(attempt) // that save is known to have had no effect
		}
		if err := change(doc, &after); err != nil {
			return zero, err
		}
		body, err := json.Marshal(after)
		if err != nil {
			return zero, fmt.Errorf("marshal %s: %w", c.key(id), err)
		}
		if bytes.Equal(body, doc.Body) {
			return after, c.publish(ctx, p.promise, doc)
		}
		if p.before != nil {
			if err := p.before(); err != nil {
				return zero, err
			}
			p.before = nil
		}
		attempt = fmt.Sprintf("%s.%d", command, try)
		next := c.next(ctx, doc, attempt, body, before, after)
		if err := c.insure(ctx, p.promise, id, next, attempt); err != nil {
			return zero, down(err)
		}
		raw, err := json.Marshal(next)
		if err != nil {
			return zero, fmt.Errorf("marshal %s: %w", c.key(id), err)
		}
		from, to = before, after
		if last = c.store.Save(ctx, c.key(id), raw, etag, c.ttl); last == nil {
			c.count(before, after)
			return after, c.publish(ctx, p.promise, next)
		}
	}
}

// count has a change counted that is known to be saved.
func (c *Collection[T]) count(before, after T) {
	if c.committed != nil {
		c.committed(before, after)
	}
}

// next is the document after a change.
func (c *Collection[T]) next(ctx context.Context, doc document, writer string, body []byte, before, after T) document {
	next := document{Version: doc.Version + 1, Body: body}
	next.Writers = append(next.Writers, doc.Writers[max(0, len(doc.Writers)-writersKept+1):]...)
	next.Writers = append(next.Writers, writer)
	if c.announce != nil {
		next.Outbox = c.outbox.unpublished(doc.Outbox)
		for _, e := range c.announce(before, after) {
			next.Outbox = append(next.Outbox, pending{Writer: writer, Trace: trace.Parent(ctx), Event: e})
		}
	}
	return next
}

// insure makes sure that the events in next will be published if next is saved, whatever dies afterwards.
func (c *Collection[T]) insure(ctx context.Context, by Promise, id string, next document, writer string) error {
	if by != ByNudge || len(next.Outbox) == 0 || next.Outbox[len(next.Outbox)-1].Writer != writer {
		return nil // this change is worth no event
	}
	return c.outbox.insure(ctx, command{Key: c.key(id), Version: next.Version, Writer: writer})
}

func (c *Collection[T]) publish(ctx context.Context, by Promise, doc document) error {
	if len(doc.Outbox) == 0 || c.outbox == nil {
		return nil
	}
	if by != ByRepeat {
		c.outbox.publishLater(ctx, doc.Outbox)
		return nil
	}
	if err := c.outbox.publishNow(ctx, doc.Outbox); err != nil {
		return down(fmt.Errorf("%w: %w", ErrUnannounced, err))
	}
	return nil
}

// wrote tells whether an earlier try of command is among the latest writes.
func (d document) wrote(command string) bool {
	for _, w := range d.Writers {
		if strings.HasPrefix(w, command+".") {
			return true
		}
	}
	return false
}

func (c *Collection[T]) key(id string) string { return c.name + ":" + id }

func (c *Collection[T]) load(ctx context.Context, id string) (document, string, error) {
	item, err := c.store.Load(ctx, c.key(id))
	if err != nil {
		return document{}, "", err
	}
	doc, err := parse(c.key(id), item)
	return doc, item.ETag, err
}

func (c *Collection[T]) decode(id string, doc document, body *T) error {
	if doc.Version == 0 {
		return nil
	}
	if err := json.Unmarshal(doc.Body, body); err != nil {
		return fmt.Errorf("body of %s: %w", c.key(id), err)
	}
	return nil
}

// errUnreadable marks a document that no retry will make readable.
var errUnreadable = errors.New("unreadable document")

// parse reads a document; a missing one has Version 0.
func parse(key string, item Item) (document, error) {
	var doc document
	if item.Value == nil {
		return doc, nil
	}
	if err := json.Unmarshal(item.Value, &doc); err != nil {
		return doc, fmt.Errorf("%w %s: %w", errUnreadable, key, err)
	}
	return doc, nil
}

// pause waits before try, longer with each and never twice alike, so that those who lost a race do not meet again.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	if try > 30 {
		return errors.New("lost too many races")
	}
	longest := min(time.Duration(try)*10*time.Millisecond, 300*time.Millisecond)
	select {
	case <-time.After(mathrand.N(longest)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// down is the refusal for a store or broker that does not answer. What it has answered, if unreadable, no repetition mends.
func down(err error) error {
	if errors.Is(err, errUnreadable) {
		return err
	}
	return fault.Down(err, "Please try again in a moment")
}
