package dapr

import (
	"context"
	"errors"

	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// Promise says who sees to it that a change's events get out when this process dies, or the broker refuses, between the
// change and its announcement. Every write of an Announced names one.
type Promise int

const (
	// ByNudge is for commands that nobody repeats: a nudge is stored before the write, and whoever hears it publishes
	// what is left. The command is answered without waiting for the broker a second time.
	ByNudge Promise = iota + 1
	// ByRepeat is for work that somebody asks for again until it is told that it is done: the broker an event, the
	// scheduler a job. Its events are published before it is reported done, and a repetition that finds the change made
	// publishes what the document still holds. Where the work has a way to end that writes nothing, that way must go
	// through Announce.
	ByRepeat
	// ByLater is for what must not wait for the broker, nor be refused while it is away, and whose news may come late: it is
	// published after the write; when that fails, or the process dies, it goes out with the document's next change.
	ByLater
)

// ErrUnannounced is returned, with the document as it is now, for a change that is saved and whose events are not
// published yet.
var ErrUnannounced = errors.New("saved, but not announced yet")

// Announced is a collection whose changes are events: they are part of the write that makes the change (see Outbox).
type Announced[T any] struct{ docs Collection[T] }

// NewAnnounced is a collection of which announce says which events a change is worth. For a new document, before is the
// zero T.
func NewAnnounced[T any](name string, store Store, outbox *Outbox, announce func(before, after T) []events.Event) *Announced[T] {
	return &Announced[T]{Collection[T]{name: name, store: store, outbox: outbox, announce: announce}}
}

// Counted has count called once for each change that is known to be saved, by whoever made it: for figures, which what is
// repeated, refused or lost must not move. A process that dies between the two counts nothing.
func (a *Announced[T]) Counted(count func(before, after T)) *Announced[T] {
	a.docs.committed = count
	return a
}

// Get is Collection.Get.
func (a *Announced[T]) Get(ctx context.Context, id string) (T, error) { return a.docs.Get(ctx, id) }

// GetMany is Collection.GetMany.
func (a *Announced[T]) GetMany(ctx context.Context, ids []string) ([]T, error) {
	return a.docs.GetMany(ctx, ids)
}

// Create is Collection.Create.
func (a *Announced[T]) Create(ctx context.Context, by Promise, id string, body T) error {
	_, err := a.docs.commit(ctx, id, plan{promise: by, unseen: true}, missing(body))
	return err
}

// Update is Collection.Update.
func (a *Announced[T]) Update(ctx context.Context, by Promise, id string, change func(*T) error) (T, error) {
	return a.docs.commit(ctx, id, plan{promise: by}, existing(change))
}

// UpdateAfter is Update that runs before once when change is accepted and nothing is written yet: for what must be there
// first. An error from it is returned as it is and nothing is written.
func (a *Announced[T]) UpdateAfter(ctx context.Context, by Promise, id string, before func() error, change func(*T) error) (T, error) {
	return a.docs.commit(ctx, id, plan{promise: by, before: before}, existing(change))
}

// Upsert is Collection.Upsert.
func (a *Announced[T]) Upsert(ctx context.Context, by Promise, id string, change func(*T) error) (T, error) {
	return a.docs.commit(ctx, id, plan{promise: by}, func(_ document, b *T) error { return change(b) })
}

// Announce returns a document when all that it holds is published: the end of repeated work that finds nothing left to
// change. It returns NotFound when there is no document, Unavailable when store or broker does not answer.
func (a *Announced[T]) Announce(ctx context.Context, id string) (T, error) {
	var body T
	doc, _, err := a.docs.load(ctx, id)
	if err != nil {
		return body, down(err)
	}
	if doc.Version == 0 {
		return body, fault.NoSuchThing()
	}
	if err := a.docs.decode(id, doc, &body); err != nil {
		return body, err
	}
	return body, a.docs.publish(ctx, ByRepeat, doc)
}
