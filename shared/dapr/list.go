package dapr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"

	"marketplace/shared/api"
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
		if err := l.turn(ctx, owner, last); err != nil {
			return err
		}
	}
}

// turn begins a new page after full, which was the last. Turned twice, by another replica or after a crash, it stays turned once.
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

// Oldest returns a page of ids, oldest first, and the cursor of the next page, "" when there is none.
func (l *List) Oldest(ctx context.Context, owner string, p api.Page) (ids []string, next string, err error) {
	from, err := p.Position()
	if err != nil {
		return nil, "", err
	}
	ids, length, err := l.Slice(ctx, owner, from, p.Limit)
	if from+p.Limit < length {
		next = strconv.Itoa(from + p.Limit)
	}
	return ids, next, err
}

// Newest is Oldest the other way round. Its cursor is the position below which the next page lies.
func (l *List) Newest(ctx context.Context, owner string, p api.Page) (ids []string, next string, err error) {
	below, err := p.Position()
	if err != nil {
		return nil, "", err
	}
	last, err := l.last(ctx, owner)
	if err != nil {
		return nil, "", err
	}
	if p.Cursor == "" || below > last.length() {
		below = last.length()
	}
	from := max(below-p.Limit, 0)
	if ids, err = l.slice(ctx, owner, last, from, below-from); err != nil {
		return nil, "", err
	}
	slices.Reverse(ids)
	if from > 0 {
		next = strconv.Itoa(from)
	}
	return ids, next, nil
}

// Fill reads a page of what ids name. Those that name nothing take no room on it. ids is List.Oldest or List.Newest of an
// owner; load returns what some ids name, leaving out the others.
func Fill[T any](p api.Page, ids func(api.Page) ([]string, string, error), load func([]string) ([]T, error)) (found []T, next string, err error) {
	for most := p.Limit; ; {
		some, next, err := ids(p)
		if err != nil {
			return nil, "", err
		}
		loaded, err := load(some)
		if err != nil {
			return nil, "", err
		}
		found = append(found, loaded...)
		if next == "" || len(found) >= most {
			return found, next, nil
		}
		p.Cursor, p.Limit = next, most-len(found)
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
		end := min(len(p.IDs), first+until-pos)
		ids = append(ids, p.IDs[first:end]...)
		pos += end - first
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
