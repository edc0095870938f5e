package live

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewsGoesToThoseWhoAskedForIt(t *testing.T) {
	h := New()
	one, other := h.Join([]string{"ticket/1", "user/ann"}), h.Join([]string{"ticket/2"})
	h.Tell("ticket/1", News{Event: "ticket"})
	h.Tell("user/ann", News{Event: "order"})
	assert.Equal(t, "ticket", (<-one.News()).Event)
	assert.Equal(t, "order", (<-one.News()).Event)
	assert.Empty(t, other.News())
}

func TestWhoIsTooSlowIsDroppedAndTheOthersAreNot(t *testing.T) {
	h := New()
	slow, quick := h.Join([]string{"ticket/1"}), h.Join([]string{"ticket/1"})
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
	h.Leave(h.Join([]string{"ticket/1"}))
	assert.Empty(t, h.listeners)
	assert.Empty(t, h.byAddress)
}

func TestRoomIsLimited(t *testing.T) {
	h := New()
	assert.Nil(t, h.Join(make([]string, addresses+1)), "too much at once")
	for range mostEars {
		require.NotNil(t, h.Join(nil))
	}
	assert.Nil(t, h.Join(nil), "full")
}

func TestClosingEndsEveryStream(t *testing.T) {
	h := New()
	l := h.Join([]string{"ticket/1"})
	h.Close()
	_, open := <-l.News()
	assert.False(t, open)
	assert.Nil(t, h.Join(nil), "closed")
	h.Tell("ticket/1", News{}) // no harm
}
