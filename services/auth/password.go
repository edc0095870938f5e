package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"marketplace/shared/fault"
)

// Cost of a hash: OWASP's recommendation for argon2id. It is stored with each hash, so it can be raised at any time.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashLength  = 32
)

// hash makes what is kept of a password, in the PHC string format.
func hash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// matches compares a password with what was kept; with nothing kept it takes as long and says no.
func matches(password, kept string) (bool, error) {
	var version int
	memory, passes, threads := uint32(hashMemory), uint32(hashPasses), uint8(hashThreads)
	salt, want := make([]byte, 16), []byte(nil)
	if parts := strings.Split(kept, "$"); len(parts) == 6 {
		if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
		var err error
		if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
		if want, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, hashLength)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// turns lets a few hashes run at a time, each takes 19 MiB, and a few more wait for them: from each network a share.
type turns struct {
	running, waiting chan struct{}

	mu   sync.Mutex
	from map[string]int // by network: running or waiting
}

const (
	atOnce      = 2
	inLine      = 64
	oneNetwork  = 16
	longestWait = 5 * time.Second
)

func newTurns() *turns {
	return &turns{running: make(chan struct{}, atOnce), waiting: make(chan struct{}, inLine), from: map[string]int{}}
}

// take waits for a turn; done ends it. It returns Unavailable when too many are waiting already, from this network or in
// all, or when it takes too long.
func (t *turns) take(ctx context.Context, network string) (done func(), err error) {
	if !t.arrive(network) {
		return nil, busy("that network has its share")
	}
	defer func() {
		if err != nil {
			t.leave(network)
		}
	}()
	select {
	case t.waiting <- struct{}{}:
		defer func() { <-t.waiting }()
	default:
		return nil, busy("the line is full")
	}
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	select {
	case t.running <- struct{}{}:
		return func() { <-t.running; t.leave(network) }, nil
	case <-ctx.Done():
		return nil, busy("the line is slow")
	}
}

func busy(why string) error {
	return fault.Down(errors.New("password hashes: "+why), "Please try again in a moment")
}

func (t *turns) arrive(network string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from[network] >= oneNetwork {
		return false
	}
	t.from[network]++
	return true
}

func (t *turns) leave(network string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from[network]--; t.from[network] == 0 {
		delete(t.from, network)
	}
}
