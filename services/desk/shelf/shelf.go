// Package shelf is where dead letters wait: which there are, and since when.
package shelf

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// Shelf is which letters wait, and since when: in drawers of bounded size, so that ten thousand that come at once cost no more
// each than ten do. An entry is there before its letter is, and may outlive it for a while.
type Shelf struct{ drawers *dapr.Collection[drawer] }

// drawer has the letters in it by id, with the time of their death in milliseconds.
type drawer map[string]int64

// Entry is one letter that waits.
type Entry struct {
	ID string
	At int64
}

const (
	drawers    = 64  // must never change while there are any
	mostInside = 500 // letters in one: what comes then waits at the broker
	// SettledFor is how old an Entry must be before a reader takes it out: until then its letter may be about to be written.
	SettledFor = time.Minute
)

// New is the shelf of desk.
func New(store dapr.Store) *Shelf {
	return &Shelf{dapr.NewCollection[drawer]("waiting", store)}
}

func drawerOf(id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return fmt.Sprint(h.Sum32() % drawers)
}

// Add puts a letter in, under its newest time. It returns Unavailable when there is no room.
func (w *Shelf) Add(ctx context.Context, e Entry) error {
	_, err := w.drawers.Upsert(ctx, drawerOf(e.ID), func(d *drawer) error {
		if *d == nil {
			*d = drawer{}
		}
		if _, in := (*d)[e.ID]; !in && len(*d) >= mostInside {
			return fault.Down(fmt.Errorf("drawer %s has %d letters", drawerOf(e.ID), len(*d)), "The desk is full")
		}
		(*d)[e.ID] = e.At
		return nil
	})
	return err
}

// Remove takes a letter out, unless it has died again since.
func (w *Shelf) Remove(ctx context.Context, e Entry) error {
	_, err := w.drawers.Update(ctx, drawerOf(e.ID), func(d *drawer) error {
		if (*d)[e.ID] == e.At {
			delete(*d, e.ID)
		}
		return nil
	})
	return err
}

// All is everything that waits, the latest first.
func (w *Shelf) All(ctx context.Context) ([]Entry, error) {
	ids := make([]string, drawers)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	found, err := w.drawers.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, d := range found {
		for id, at := range d {
			all = append(all, Entry{id, at})
		}
	}
	slices.SortFunc(all, Later)
	return all, nil
}

// Later orders the latest first.
func Later(a, b Entry) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.ID, b.ID)) }
