// Package live passes news on to the open pages that asked for it.
package live

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"marketplace/shared/fault"
)

// Limits that keep slow or many listeners from costing memory, and one origin from taking the others' place.
const (
	unread     = 64   // news a listener may be behind before it is dropped
	mostEars   = 5000 // listeners at a time
	mostOfThem = 50   // from one origin: an office shares one; pages that nobody sees do not listen
	addresses  = 128  // addresses of one listener
)

// comeBack is when to try again after a refusal.
const comeBack = 10 * time.Second

// News is something that happened, ready to be sent.
type News struct {
	Event string // what kind of news
	Data  []byte // JSON
}

// Hub knows who listens to what. Its methods may be called from several goroutines.
type Hub struct {
	mu        sync.Mutex
	listeners map[*Listener]struct{}
	byAddress map[string]map[*Listener]struct{}
	byOrigin  map[string]int // how many
	closed    bool
}

// Listener is one open page.
type Listener struct {
	origin    string
	addresses []string
	news      chan News
}

// News ends when the listener was too slow, or the hub is closed: then it is time to connect anew and catch up.
func (l *Listener) News() <-chan News { return l.news }

// New is a hub nobody listens to yet.
func New() *Hub {
	return &Hub{listeners: map[*Listener]struct{}{}, byAddress: map[string]map[*Listener]struct{}{}, byOrigin: map[string]int{}}
}

// Join starts listening to addresses. origin is where the listener comes from. It returns Invalid for too many addresses,
// TooMany when the origin has its share of listeners, Unavailable when there is no room, or the hub is closed.
func (h *Hub) Join(origin string, to []string) (*Listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var refusal *fault.Error
	switch {
	case len(to) > addresses:
		return nil, fault.New(fault.Invalid, "A page can follow at most %d things", addresses)
	case h.byOrigin[origin] >= mostOfThem:
		refusal = fault.New(fault.TooMany, "Too many pages are open at your address")
	case h.closed || len(h.listeners) >= mostEars:
		refusal = fault.Down(fmt.Errorf("%d streams", len(h.listeners)), "Please try again in a moment")
	}
	if refusal != nil {
		refusal.RetryAfter = comeBack
		return nil, refusal
	}
	l := &Listener{origin: origin, addresses: slices.Clone(to), news: make(chan News, unread)}
	h.listeners[l] = struct{}{}
	h.byOrigin[origin]++
	for _, a := range l.addresses {
		if h.byAddress[a] == nil {
			h.byAddress[a] = map[*Listener]struct{}{}
		}
		h.byAddress[a][l] = struct{}{}
	}
	return l, nil
}

// Leave stops listening. Leaving twice is leaving once.
func (h *Hub) Leave(l *Listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(l)
}

// Tell passes news on to everybody who listens to the address. It never waits: who is too far behind is dropped.
func (h *Hub) Tell(address string, n News) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.byAddress[address] {
		select {
		case l.news <- n:
		default:
			h.drop(l)
		}
	}
}

// Listeners is how many pages listen.
func (h *Hub) Listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}

// Close drops everybody and lets nobody in again.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.Clear()
}

// Clear drops everybody: they may have missed something.
func (h *Hub) Clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		h.drop(l)
	}
}

func (h *Hub) drop(l *Listener) {
	if _, here := h.listeners[l]; !here {
		return
	}
	delete(h.listeners, l)
	if h.byOrigin[l.origin]--; h.byOrigin[l.origin] == 0 {
		delete(h.byOrigin, l.origin)
	}
	for _, a := range l.addresses {
		delete(h.byAddress[a], l)
		if len(h.byAddress[a]) == 0 {
			delete(h.byAddress, a)
		}
	}
	close(l.news)
}
