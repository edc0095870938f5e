package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// A listener is one port that a part is going to open.
type listener struct {
	port  int
	owner string
}

// check returns an error that names the first port that is taken, what needs it and, where that can be told, who has it.
func check(wanted []listener) error {
	taken, first := 0, listener{}
	for _, l := range wanted {
		if l.port > 0 && !free(l.port) {
			if taken == 0 {
				first = l
			}
			taken++
		}
	}
	if taken == 0 {
		return nil
	}
	return errors.New(takenSentence(first, holder(first.port), taken-1))
}

func takenSentence(l listener, holder string, others int) string {
	by := "another process"
	if holder != "" {
		by = holder
	}
	also := ""
	if others > 0 {
		also = fmt.Sprintf(" (and %d more of the needed ports are taken)", others)
	}
	return fmt.Sprintf("port %d, which %s needs, is in use by %s%s: stop that and start again", l.port, l.owner, by, also)
}

// free reports that nothing listens on port, on any address.
func free(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return !errors.Is(err, syscall.EADDRINUSE)
	}
	l.Close()
	return true
}

// Free ports come in blocks, below those that the system hands out for outgoing connections. Holding a block's first
// port keeps other stacks out of the rest of it, so that two tests at once never choose the same.
const (
	firstBlock = 20000
	lastBlock  = 31900
	blockSize  = 128
)

type portBlock struct {
	guard net.Listener
	next  int
}

func claimPorts() (*portBlock, error) {
	blocks := (lastBlock - firstBlock) / blockSize
	offset := rand.IntN(blocks)
	for i := range blocks {
		base := firstBlock + (offset+i)%blocks*blockSize
		guard, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base))
		if err == nil {
			return &portBlock{guard: guard, next: base}, nil
		}
	}
	return nil, fmt.Errorf("no free ports between %d and %d", firstBlock, lastBlock)
}

// take returns the next free port of the block; a block is larger than any stack needs.
func (b *portBlock) take() int {
	for {
		b.next++
		if free(b.next) {
			return b.next
		}
	}
}

func (b *portBlock) release() { b.guard.Close() }
