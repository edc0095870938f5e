package live

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

// join is Join from anywhere.
func join(t *testing.T, h *Hub, to []string) *Listener {
	t.Helper()
	l, err := h.Join(fmt.Sprint(len(h.listeners)), to)
	require.NoError(t, err)
	return l
}

func TestNewsGoesToThoseWhoAskedForIt(t *testing.T) {
	h := New()
	one, other := join(t, h, []string{"ticket/1", "user/ann"}), join(t, h, []string{"ticket/2"})
	h.Tell("ticket/1", News{Event: "ticket"})
	h.Tell("user/ann", News{Event: "order"})
	assert.Equal(t, "ticket", (<-one.News()).Event)
	assert.Equal(t, "order", (<-one.News()).Event)
	assert.Empty(t, other.News())
}

func TestWhoIsTooSlowIsDroppedAndTheOthersAreNot(t *testing.T) {
	h := New()
	slow, quick := join(t, h, []string{"ticket/1"}), join(t, h, []string{"ticket/1"})
	for i := range unread + 1 {
		h.Tell("ticket/1", News{Event: fmt.Sprint(i)})
		assert.Equal(t, fmt.Sprint(i), (<-quick.News()).Event)
	}
	for range unread {
		_, open := <-slow.News()
		require.True(t, open, "what was told in time can still be read")
	}
	_, open := <-slow.News()
	assert.False(t, open, "then the stream ends")
	h.Leave(slow) // no harm
}

func TestNobodyIsLeftBehind(t *testing.T) {
	h := New()
	h.Leave(join(t, h, []string{"ticket/1"}))
	assert.Empty(t, h.listeners)
	assert.Empty(t, h.byAddress)
	assert.Empty(t, h.byOrigin)
}

func TestRoomIsLimited(t *testing.T) {
	h := New()
	_, err := h.Join("", make([]string, addresses+1))
	assert.Equal(t, fault.Invalid, fault.KindOf(err), "too much at once")
	for range mostEars {
		join(t, h, nil)
	}
	_, err = h.Join("another place", nil)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// One who opens as many streams as he can leaves room for the others.
func TestNobodyTakesEverybodysPlace(t *testing.T) {
	h := New()
	var his []*Listener
	for range mostOfThem {
		l, err := h.Join("his", nil)
		require.NoError(t, err)
		his = append(his, l)
	}
	_, err := h.Join("his", nil)
	assert.Equal(t, fault.TooMany, fault.KindOf(err))
	_, err = h.Join("hers", nil)
	assert.NoError(t, err)
	h.Leave(his[0])
	h.Leave(his[0])
	_, err = h.Join("his", nil)
	assert.NoError(t, err, "one went, one may come")
	_, err = h.Join("his", nil)
	assert.Equal(t, fault.TooMany, fault.KindOf(err))
}

func TestWhoMayHaveMissedSomethingConnectsAnew(t *testing.T) {
	h := New()
	l := join(t, h, []string{"ticket/1"})
	h.Clear()
	_, open := <-l.News()
	assert.False(t, open)
	join(t, h, []string{"ticket/1"})
}

func TestClosingEndsEveryStream(t *testing.T) {
	h := New()
	l := join(t, h, []string{"ticket/1"})
	h.Close()
	_, open := <-l.News()
	assert.False(t, open)
	_, err := h.Join("", nil)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err), "closed")
	h.Tell("ticket/1", News{}) // no harm
}
