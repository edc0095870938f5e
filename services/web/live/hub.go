// Package live passes news on to the open pages that asked for it.
package live

import (
	"slices"
	"sync"
)

// Limits that keep slow or many listeners from costing memory.
const (
	unread    = 64   // news a listener may be behind before it is dropped
	mostEars  = 5000 // listeners at a time
	addresses = 128  // addresses of one listener
)

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
	closed    bool
}

// Listener is one open page.
type Listener struct {
	addresses []string
	news      chan News
}

// News ends when the listener was too slow, or the hub is closed: then it is time to connect anew and catch up.
func (l *Listener) News() <-chan News { return l.news }

// New is a hub nobody listens to yet.
func New() *Hub {
	return &Hub{listeners: map[*Listener]struct{}{}, byAddress: map[string]map[*Listener]struct{}{}}
}

// Join starts listening to addresses. It returns nil when there is no room, or the hub is closed.
func (h *Hub) Join(to []string) *Listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.listeners) >= mostEars || len(to) > addresses {
		return nil
	}
	l := &Listener{addresses: slices.Clone(to), news: make(chan News, unread)}
	h.listeners[l] = struct{}{}
	for _, a := range l.addresses {
		if h.byAddress[a] == nil {
			h.byAddress[a] = map[*Listener]struct{}{}
		}
		h.byAddress[a][l] = struct{}{}
	}
	return l
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

// Close drops everybody and lets nobody in again.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		h.drop(l)
	}
}

func (h *Hub) drop(l *Listener) {
	if _, here := h.listeners[l]; !here {
		return
	}
	delete(h.listeners, l)
	for _, a := range l.addresses {
		delete(h.byAddress[a], l)
		if len(h.byAddress[a]) == 0 {
			delete(h.byAddress, a)
		}
	}
	close(l.news)
}
