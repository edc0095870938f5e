package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// However many sign up, whoever has an account gets in at once.
func TestSignUpsLeaveSignInsAlone(t *testing.T) {
	h := newHouse(t)
	h.mostSignUps = 1000
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	var rush sync.WaitGroup
	for range atOnce {
		h.signUps.running <- struct{}{} // sign-ups that do not end
	}
	for i := range 20 {
		rush.Go(func() {
			h.enters(t, "signup", fmt.Sprint("198.51.100.", i), fmt.Sprint("crowd", i), "correct horse", nil)
		})
	}
	require.Eventually(t, func() bool { return len(h.signUps.waiting) == 20 }, time.Second, time.Millisecond)
	status, _ := h.enters(t, "signin", home, "ann", "correct horse", nil)
	assert.Equal(t, 200, status)
	assert.Len(t, h.signUps.waiting, 20, "they still wait")

	status, words := h.enters(t, "signup", abroad, "ann", "correct horse", nil)
	assert.Equal(t, 400, status)
	assert.Equal(t, "Email in use", words, "that is known without a hash")
	for range atOnce {
		<-h.signUps.running
	}
	rush.Wait()
}

// Who waits for a hash waits in a line that has an end.
func TestTheLineHasAnEnd(t *testing.T) {
	h := newHouse(t)
	for range inLine {
		h.signUps.waiting <- struct{}{}
	}
	status, words := h.enters(t, "signup", home, "ann", "correct horse", nil)
	assert.Equal(t, 503, status)
	assert.Equal(t, "Please try again in a moment", words)
}

// One network fills no line.
func TestANetworkHasItsShareOfTheLine(t *testing.T) {
	h := newHouse(t)
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	for range atOnce {
		h.signIns.running <- struct{}{}
	}
	var rush sync.WaitGroup
	for i := range oneNetwork {
		rush.Go(func() { h.enters(t, "signin", abroad, fmt.Sprint("nobody", i), "wrong horse", nil) })
	}
	require.Eventually(t, func() bool { return len(h.signIns.waiting) == oneNetwork }, time.Second, time.Millisecond)
	status, words := h.enters(t, "signin", "2001:db8::99", "nobody", "wrong horse", nil)
	assert.Equal(t, 503, status)
	assert.Equal(t, "Please try again in a moment", words)
	rush.Go(func() {
		status, _ := h.enters(t, "signin", home, "ann", "correct horse", nil)
		assert.Equal(t, 200, status)
	})
	require.Eventually(t, func() bool { return len(h.signIns.waiting) == oneNetwork+1 }, time.Second, time.Millisecond, "she waits in line")
	for range atOnce {
		<-h.signIns.running
	}
	rush.Wait()
	assert.Empty(t, h.signIns.from)
}

// One network can make so many accounts and no more; each refusal is free of hashes.
func TestSignUpsOfANetwork(t *testing.T) {
	h := newHouse(t)
	h.mostSignUps = 3
	for i := range 3 {
		status, _ := h.enters(t, "signup", abroad, fmt.Sprint("ann", i), "correct horse", nil)
		require.Equal(t, 201, status)
	}
	h.signUps.running = nil // a hash would wait for ever
	status, words := h.enters(t, "signup", "2001:db8::2", "bob", "correct horse", nil)
	assert.Equal(t, 429, status)
	assert.Equal(t, "Too many sign-ups from your network. Please wait 15 minutes", words)
	h.signUps = newTurns()
	status, _ = h.enters(t, "signup", home, "bob", "correct horse", nil)
	assert.Equal(t, 201, status, "from elsewhere")
}
