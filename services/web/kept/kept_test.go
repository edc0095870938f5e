package kept

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// shop is a shelf with a clock, and a counter of what was made.
type shop struct {
	*Shelf
	clock time.Time
	made  int
}

func newShop() *shop {
	s := &shop{clock: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	s.Shelf = New(func() time.Time { return s.clock })
	return s
}

func (s *shop) get(about, address string) string {
	page, _, _ := s.Get(context.Background(), about, address, func() *Page {
		s.made++
		return &Page{Body: fmt.Append(nil, address, " ", s.made)}
	})
	return string(page.Body)
}

func TestAPageIsKeptForASecond(t *testing.T) {
	s := newShop()
	assert.Equal(t, "/ 1", s.get("", "/"))
	s.clock = s.clock.Add(For - 1)
	assert.Equal(t, "/ 1", s.get("", "/"))
	assert.Equal(t, "/?q=a 2", s.get("", "/?q=a"), "another")
	s.clock = s.clock.Add(1)
	assert.Equal(t, "/ 3", s.get("", "/"))
	s.clock = s.clock.Add(-time.Minute)
	assert.Equal(t, "/ 4", s.get("", "/"), "the clock was set back")
}

func TestNewsMakesPagesOld(t *testing.T) {
	s := newShop()
	s.get("", "/")
	s.get("T", "/tickets/T")
	s.clock = s.clock.Add(AtLeast)
	s.News("T")
	s.News("nobody asked for it")
	assert.Equal(t, "/ 1", s.get("", "/"), "of something else")
	assert.Equal(t, "/tickets/T 3", s.get("T", "/tickets/T"))
	s.News("T")
	s.clock = s.clock.Add(AtLeast - 1)
	assert.Equal(t, "/tickets/T 3", s.get("T", "/tickets/T"), "not more often than that")
	s.clock = s.clock.Add(1)
	assert.Equal(t, "/tickets/T 4", s.get("T", "/tickets/T"), "then it is")
	s.Clear()
	assert.Equal(t, "/tickets/T 5", s.get("T", "/tickets/T"))
}

// News that comes while a page is made makes it old: it may show what was before.
func TestNewsComesWhileAPageIsMade(t *testing.T) {
	s := newShop()
	_, _, _ = s.Get(t.Context(), "T", "/", func() *Page {
		s.clock = s.clock.Add(AtLeast)
		s.News("T")
		return &Page{}
	})
	s.get("T", "/")
	assert.Equal(t, 1, s.made)
}

func TestManyAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, done := New(time.Now), make(chan struct{})
		var made, waited atomic.Int32
		for range 100 {
			go func() {
				page, ours, err := s.Get(t.Context(), "", "/", func() *Page {
					made.Add(1)
					<-done
					return &Page{Body: []byte("x")}
				})
				assert.NoError(t, err)
				assert.Equal(t, "x", string(page.Body))
				if !ours {
					waited.Add(1)
				}
			}()
		}
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		leave()
		_, _, err := s.Get(gone, "", "/", nil)
		assert.ErrorIs(t, err, context.Canceled, "who does not wait for it")
		s.Clear() // who waits is served all the same
		close(done)
		synctest.Wait()
		assert.Equal(t, int32(1), made.Load())
		assert.Equal(t, int32(99), waited.Load())
	})
}

// What is not everybody's is not kept, and nobody waits for who broke down.
func TestWhatIsNotKept(t *testing.T) {
	s := newShop()
	page, ours, _ := s.Get(t.Context(), "", "/", func() *Page { return nil })
	assert.Nil(t, page)
	assert.True(t, ours)
	assert.Panics(t, func() { _, _, _ = s.Get(t.Context(), "", "/", func() *Page { panic("broken") }) })
	assert.Empty(t, s.subjects)
	assert.Equal(t, "/ 1", s.get("", "/"))
}

// Whoever makes up addresses costs no memory.
func TestRoomIsLimited(t *testing.T) {
	s := newShop()
	for i := range 3 * mostPages {
		s.get("", fmt.Sprint("/?q=", i))
		assert.LessOrEqual(t, s.sheets, mostPages)
	}
	for i := range 100 {
		_, _, _ = s.Get(t.Context(), fmt.Sprint(i), "/", func() *Page { return &Page{Body: make([]byte, room/20), Small: make([]byte, room/20)} })
		assert.LessOrEqual(t, s.bytes, room)
	}
	s.Clear()
	for range 3 {
		s.get("T", "/")
		s.clock = s.clock.Add(For)
	}
	assert.Equal(t, 1, s.sheets)
	assert.Less(t, s.bytes, 20, "an old one counts no more")
}
