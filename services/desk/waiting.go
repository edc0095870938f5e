package main

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

// waiting is which letters wait, and since when: in drawers of bounded size, so that ten thousand that come at once cost no more
// each than ten do. An entry is there before its letter is, and may outlive it for a while.
type waiting struct{ drawers *dapr.Collection[drawer] }

// drawer has the letters in it by id, with the time of their death in milliseconds.
type drawer map[string]int64

// entry is one letter that waits.
type entry struct {
	ID string
	At int64
}

const (
	drawers    = 64  // must never change while there are any
	mostInside = 500 // letters in one: what comes then waits at the broker
	// settledFor is how old an entry must be before a reader takes it out: until then its letter may be about to be written.
	settledFor = time.Minute
)

func newWaiting(store dapr.Store) *waiting {
	return &waiting{dapr.NewCollection[drawer]("waiting", store)}
}

func drawerOf(id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return fmt.Sprint(h.Sum32() % drawers)
}

// add puts a letter in, under its newest time. It returns Unavailable when there is no room.
func (w *waiting) add(ctx context.Context, e entry) error {
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

// remove takes a letter out, unless it has died again since.
func (w *waiting) remove(ctx context.Context, e entry) error {
	_, err := w.drawers.Update(ctx, drawerOf(e.ID), func(d *drawer) error {
		if (*d)[e.ID] == e.At {
			delete(*d, e.ID)
		}
		return nil
	})
	return err
}

// all is everything that waits, the latest first.
func (w *waiting) all(ctx context.Context) ([]entry, error) {
	ids := make([]string, drawers)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	found, err := w.drawers.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, d := range found {
		for id, at := range d {
			all = append(all, entry{id, at})
		}
	}
	slices.SortFunc(all, later)
	return all, nil
}

// later orders the latest first.
func later(a, b entry) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.ID, b.ID)) }
