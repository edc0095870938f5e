// Package taken is what one replica knows of tickets that nobody else can have now: by whom they are held and until when,
// or that they are sold. Pure rules: time comes in, nothing goes out.
//
// Whoever is refused by it would be refused by orders. It is told by broadcasts, which may be late, missing and in any
// order, and by orders itself. So it lets pass whatever it is not sure of, and is sure of nothing for long: what it has
// not heard in time is wrong for Trusted at most.
package taken

import (
	"sync"
	"time"
)

// State of a ticket's sale.
type State int

const (
	Unknown State = iota
	Free
	Held
	Sold // for ever, refunded or not
)

// How long news is believed, by state. Nothing makes a sold ticket free: its time is there for who restores a store from
// yesterday.
const (
	Trusted     = 5 * time.Second
	TrustedSold = time.Minute
)

// Margin is how much sooner than its deadline a hold ends here: clocks of two machines differ, and orders has the last word.
const Margin = 5 * time.Second

// askPause is between two questions about one ticket.
const askPause = time.Second

// room is for how many tickets there is, twice: the oldest half is forgotten at once.
const room = 10_000

// News is how a ticket's sale stands, or stood.
type News struct {
	Ticket, Order string
	Buyer, Seller string // Seller is "" where that is not said
	Version       int64  // of the sale
	State         State
	Until         time.Time // while it is Held
}

type entry struct {
	News
	heard time.Time // when it was so
	asked time.Time // when orders was last asked, zero for never
}

// Book is what is known. Its methods may be called from several goroutines.
type Book struct {
	mu         sync.Mutex
	young, old map[string]entry // by ticket
}

// New is a book in which nothing stands.
func New() *Book { return &Book{young: map[string]entry{}} }

// Forget forgets everything.
func (b *Book) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.young, b.old = map[string]entry{}, nil
}

// Hear takes in what was so at some time. What is older than what is known changes nothing.
func (b *Book) Hear(n News, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.find(n.Ticket)
	switch {
	case n.Version < e.Version:
		return
	case e.State == Free && e.Order == n.Order && n.State == Held: // what is over stays over
		return
	case n.Version == e.Version && at.Before(e.heard):
		at = e.heard
	}
	if n.Seller == "" {
		n.Seller = e.Seller // a ticket has one for ever
	}
	b.put(entry{n, at, e.asked})
}

// Ended takes in that an order has given its ticket back, which is said without a version.
func (b *Book) Ended(ticket, order string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.find(ticket)
	if (e.State == Held || e.State == Sold) && e.Order != order {
		return
	}
	b.put(entry{News{Ticket: ticket, Order: order, Seller: e.Seller, Version: e.Version, State: Free}, at, e.asked})
}

// Nobody takes in that orders, asked when the given version was known, says that nobody has the ticket.
func (b *Book) Nobody(ticket string, version int64, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.find(ticket); e.Version == version {
		b.put(entry{News{Ticket: ticket, Order: e.Order, Seller: e.Seller, Version: e.Version, State: Free}, at, e.asked})
	}
}

// Refuses tells as what a user cannot have a ticket now: Held or Sold by somebody else, else Unknown. ask tells that orders
// is to be asked who has it, before what is known is too old: once for all who are refused meanwhile.
func (b *Book) Refuses(ticket, user string, now time.Time) (as State, ask bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.find(ticket)
	if !e.sure(now) || e.Seller == "" || user == e.Seller || user == e.Buyer {
		return Unknown, false
	}
	if ask = now.Sub(e.heard) >= e.trust()/2 && now.Sub(e.asked) >= askPause; ask {
		e.asked = now
	}
	if _, young := b.young[ticket]; ask || !young {
		b.put(e) // it is asked for: not among those to forget
	}
	return e.State, ask
}

// Ask takes in that orders has refused somebody a ticket because another has it, and tells whether to ask it who that is.
func (b *Book) Ask(ticket string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.find(ticket)
	if e.sure(now) && e.Seller != "" || now.Sub(e.asked) < askPause {
		return false
	}
	e.Ticket, e.asked = ticket, now
	b.put(e)
	return true
}

// Version is that of what is known of a ticket's sale.
func (b *Book) Version(ticket string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.find(ticket).Version
}

// Len is how many tickets it knows of.
func (b *Book) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.young) + len(b.old)
}

// sure tells whether nobody but the buyer has the ticket now.
func (e entry) sure(now time.Time) bool {
	age := now.Sub(e.heard)
	return age >= 0 && age < e.trust() && (e.State == Sold || now.Add(Margin).Before(e.Until))
}

// trust is how long it is believed.
func (e entry) trust() time.Duration {
	switch e.State {
	case Held:
		return Trusted
	case Sold:
		return TrustedSold
	}
	return 0
}

func (b *Book) find(ticket string) entry {
	if e, young := b.young[ticket]; young {
		return e
	}
	return b.old[ticket]
}

func (b *Book) put(e entry) {
	if len(b.young) >= room {
		b.young, b.old = map[string]entry{}, b.young
	}
	delete(b.old, e.Ticket)
	b.young[e.Ticket] = e
}
