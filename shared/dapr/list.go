package dapr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
)

// List keeps ids in the order they were added, under an owner, in documents of at most pageSize ids: adding and reading
// a page cost the same whatever its length. No store can list its keys, so whatever must be listed is in such a list.
//
// Add an id before making the document it names. A crash in between, or a command that is refused after all, leaves an
// id that names nothing; readers skip it. The other way round a crash would lose a document from its list for ever.
type List struct {
	pages *Collection[page]
	locks [64]sync.Mutex // one writer of an owner at a time in this process: they would only meet at the same ETag
}

// page is a document of a list. The one under the owner's own name is the last; when it is full it is copied to
// <owner>.<n> and begun anew.
type page struct {
	Full   int             `json:"full,omitempty"` // how many full pages there are before this one
	IDs    []string        `json:"ids"`
	Beside json.RawMessage `json:"beside,omitempty"` // only on the last: see AddWith
}

// pageSize must never change while lists exist: positions are counted in pages of it.
const pageSize = 200

var seed = maphash.MakeSeed()

// NewList is a list, kept in documents whose keys begin with name.
func NewList(name string, store Store) *List {
	return &List{pages: NewCollection[page](name, store)}
}

// Add appends id, once: an id among the latest is not added again.
func (l *List) Add(ctx context.Context, owner, id string) error {
	return l.add(ctx, owner, id, func(*page) error { return nil })
}

// AddWith is Add that also changes what is kept beside the owner's list, a T that is zero at first: both are one write.
// change may run several times and must do no I/O; an error from it is returned as it is and nothing is added.
func AddWith[T any](ctx context.Context, l *List, owner, id string, change func(*T) error) error {
	return l.add(ctx, owner, id, func(p *page) error {
		var beside T
		if p.Beside != nil {
			if err := json.Unmarshal(p.Beside, &beside); err != nil {
				return fmt.Errorf("beside the list of %s: %w", owner, err)
			}
		}
		if err := change(&beside); err != nil {
			return err
		}
		var err error
		p.Beside, err = json.Marshal(beside)
		return err
	})
}

func (l *List) add(ctx context.Context, owner, id string, change func(*page) error) error {
	lock := &l.locks[maphash.String(seed, owner)%uint64(len(l.locks))]
	lock.Lock()
	defer lock.Unlock()
	for {
		last, err := l.pages.Upsert(ctx, owner, func(p *page) error {
			if len(p.IDs) == pageSize || slices.Contains(p.IDs, id) {
				return nil
			}
			p.IDs = append(p.IDs, id)
			return change(p)
		})
		if err != nil || slices.Contains(last.IDs, id) {
			return err
		}
		if len(last.IDs) < pageSize {
			continue // our write got through, its answer was lost, and another replica has turned the page since
		}
		if err := l.turn(ctx, owner, last); err != nil {
			return err
		}
	}
}

// turn begins a new page after full, which was the last and changes no more. Turned twice, by another replica or after a
// crash, it stays turned once.
func (l *List) turn(ctx context.Context, owner string, full page) error {
	if err := l.pages.Create(ctx, pageID(owner, full.Full), page{Full: full.Full, IDs: full.IDs}); err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	_, err := l.pages.Update(ctx, owner, func(p *page) error {
		if p.Full == full.Full && len(p.IDs) == pageSize {
			*p = page{Full: full.Full + 1, Beside: p.Beside}
		}
		return nil
	})
	return err
}

// Slice returns up to limit ids, beginning with the one at position from (the first is 0), and the length of the list.
func (l *List) Slice(ctx context.Context, owner string, from, limit int) (ids []string, length int, err error) {
	last, err := l.last(ctx, owner)
	if err != nil {
		return nil, 0, err
	}
	ids, err = l.slice(ctx, owner, last, from, limit)
	return ids, last.length(), err
}

// Oldest returns up to limit ids, oldest first, and where those after them begin, 0 when there are none. from is 0, for
// the beginning, or what the call before has returned.
func (l *List) Oldest(ctx context.Context, owner string, from, limit int) (ids []string, next int, err error) {
	ids, length, err := l.Slice(ctx, owner, from, limit)
	if from+limit < length {
		next = from + limit
	}
	return ids, next, err
}

// Newest is Oldest the other way round.
func (l *List) Newest(ctx context.Context, owner string, from, limit int) (ids []string, next int, err error) {
	last, err := l.last(ctx, owner)
	if err != nil {
		return nil, 0, err
	}
	below := from // it counts from the oldest: what is added meanwhile moves nothing
	if below == 0 || below > last.length() {
		below = last.length()
	}
	next = max(below-limit, 0)
	ids, err = l.slice(ctx, owner, last, next, below-next)
	slices.Reverse(ids)
	return ids, next, err
}

// Fill reads up to limit of what ids name. Those that name nothing take no room. ids is List.Oldest or List.Newest of an
// owner, and from and next are theirs; load returns what some ids name, leaving out the others.
func Fill[T any](from, limit int, ids func(from, limit int) ([]string, int, error), load func([]string) ([]T, error)) (found []T, next int, err error) {
	for {
		some, next, err := ids(from, limit-len(found))
		if err != nil {
			return nil, 0, err
		}
		loaded, err := load(some)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, loaded...)
		if next == 0 || len(found) >= limit {
			return found, next, nil
		}
		from = next
	}
}

func (l *List) slice(ctx context.Context, owner string, last page, from, limit int) (ids []string, err error) {
	until := min(from+limit, last.length())
	for pos := from; pos < until; {
		p := last
		if n := pos / pageSize; n < last.Full {
			if p, err = l.pages.Get(ctx, pageID(owner, n)); err != nil {
				return nil, err
			}
		}
		first := pos % pageSize
		ids = append(ids, p.IDs[min(first, len(p.IDs)):min(first+until-pos, len(p.IDs))]...)
		pos += pageSize - first // to the next page, even if this one should be short
	}
	return ids, nil
}

// last is the last page, empty for an owner without a list.
func (l *List) last(ctx context.Context, owner string) (page, error) {
	pages, err := l.pages.GetMany(ctx, []string{owner})
	if err != nil || len(pages) == 0 {
		return page{}, err
	}
	return pages[0], nil
}

func (p page) length() int { return p.Full*pageSize + len(p.IDs) }

func pageID(owner string, n int) string { return fmt.Sprintf("%s.%d", owner, n) }
