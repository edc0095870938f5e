// Package kept keeps pages that everybody sees alike, for a moment: each is made once for all who ask at about the same time.
package kept

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// For is how long a page is kept; AtLeast is how long it is whatever news comes, which in a rush does a hundred times a second.
const (
	For     = time.Second
	AtLeast = 100 * time.Millisecond
)

// There is room for so many bytes and pages. When it is full all go: they would be gone within a second anyway.
const (
	room      = 16 << 20
	mostPages = 2000
)

// Page is an answer as everybody gets it.
type Page struct {
	Header      http.Header // without what depends on how it is encoded
	Body, Small []byte      // Small is Body in gzip, nil where that is not worth it
}

func (p *Page) size() int { return len(p.Body) + len(p.Small) }

// sheet is a page that is being made, and kept after that.
type sheet struct {
	begun time.Time
	made  chan struct{} // closed when it is; before that nobody reads page
	page  *Page         // nil for one that is not everybody's
}

// subject is what pages are about.
type subject struct {
	news   time.Time // the last of it
	sheets map[string]*sheet
}

// Shelf is where they are kept. Its methods may be called from several goroutines.
type Shelf struct {
	now func() time.Time

	mu       sync.Mutex
	subjects map[string]*subject
	sheets   int // on all subjects
	bytes    int // of all that are made
}

// New is an empty shelf.
func New(now func() time.Time) *Shelf { return &Shelf{now: now, subjects: map[string]*subject{}} }

// Get is the page about something at an address: one that is kept, or what make returns, once for all who ask meanwhile.
// make returns nil for what is not everybody's, and then so does Get: who waited for it sees to himself. ours tells that make
// was called. The error is ctx's.
func (s *Shelf) Get(ctx context.Context, about, address string, make func() *Page) (page *Page, ours bool, err error) {
	sh, ours := s.find(about, address)
	if ours {
		var page *Page
		defer func() { s.keep(about, address, sh, page) }() // after a panic too
		page = make()
		return page, true, nil
	}
	select {
	case <-sh.made:
		return sh.page, false, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// find is the sheet for the page, and whether it is the caller's to make.
func (s *Shelf) find(about, address string) (sh *sheet, ours bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	on := s.subjects[about]
	if on != nil {
		if sh := on.sheets[address]; sh != nil {
			if !isMade(sh) || fresh(sh.begun, on.news, now) {
				return sh, false
			}
			s.drop(about, address)
		}
	}
	if s.sheets >= mostPages {
		s.clear()
	}
	if on = s.subjects[about]; on == nil {
		on = &subject{sheets: map[string]*sheet{}}
		s.subjects[about] = on
	}
	sh = &sheet{begun: now, made: make(chan struct{})}
	on.sheets[address] = sh
	s.sheets++
	return sh, true
}

// keep takes in that a page is made.
func (s *Shelf) keep(about, address string, sh *sheet, page *Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.page = page
	close(sh.made)
	if on := s.subjects[about]; on == nil || on.sheets[address] != sh {
		return // all went meanwhile
	}
	if page == nil {
		s.drop(about, address)
		return
	}
	if s.bytes += page.size(); s.bytes > room {
		s.clear()
	}
}

// News makes the pages about something old: they show what was before.
func (s *Shelf) News(about string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on := s.subjects[about]; on != nil {
		on.news = s.now()
	}
}

// Clear drops all.
func (s *Shelf) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *Shelf) clear() { s.subjects, s.sheets, s.bytes = map[string]*subject{}, 0, 0 }

// drop drops a sheet that is made.
func (s *Shelf) drop(about, address string) {
	on := s.subjects[about]
	if page := on.sheets[address].page; page != nil {
		s.bytes -= page.size()
	}
	delete(on.sheets, address)
	if s.sheets--; len(on.sheets) == 0 {
		delete(s.subjects, about)
	}
}

// fresh tells whether a page that was begun at a time shows what is.
func fresh(begun, news, now time.Time) bool {
	age := now.Sub(begun)
	return age >= 0 && age < For && (age < AtLeast || begun.After(news))
}

func isMade(sh *sheet) bool {
	select {
	case <-sh.made:
		return true
	default:
		return false
	}
}
