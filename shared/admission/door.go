// Package admission is what stands before work of which more may be asked than can be done. What cannot be done in time is
// refused at once, and what was begun comes before what is new. How much can be done it finds out by itself.
package admission

import (
	"context"
	"slices"
	"sync"
	"time"

	"marketplace/shared/fault"
)

// Class says what comes before what: each before those below.
type Class int

const (
	Finish Class = iota // what was begun: it is never refused and never waits
	Begin               // something new that others will have to follow up
	Look
	classes
)

// Classes are their names, for figures.
var Classes = [classes]string{"finish", "begin", "look"}

// Visit is somebody who wants something done.
type Visit struct {
	Class   Class
	Kind    string    // what it is, of few: each takes about as long every time
	Arrived time.Time // when he first asked: of a class, who came first is let in first
}

// Outcome is what became of a visit.
type Outcome int

const (
	Answered Outcome = iota
	TooMuch          // those behind could not
	Apart            // whatever it took says nothing about how much is asked for
)

const (
	waits    = time.Second            // at most, in the waiting room
	likely   = 200 * time.Millisecond // who would wait longer, as far as can be known, is refused at once
	guess    = 50 * time.Millisecond  // what somebody takes, until it is known
	shutMin  = 100 * time.Millisecond // for so long a class is shut whose work was too much for those behind,
	shutMax  = 400 * time.Millisecond // twice as long each time up to this
	lately   = 2 * time.Second
	comeMost = 30 * time.Second      // when somebody refused is told to come back
	looks    = 50 * time.Millisecond // between two looks of who waits whether something is stuck
	// stuck is what takes longer. It waits for a part that does not answer, and must not keep out who wants something else.
	stuck = waits * 3 / 4
)

// Door lets in as much as can be done. Its methods may be called from several goroutines.
type Door struct {
	now func() time.Time

	mu      sync.Mutex
	limit   limit
	pressed time.Time
	busy    [classes]int
	rooms   [classes]room
}

// room is what the door knows of a class.
type room struct {
	waiting []*waiter // who came first is first
	inside  []*stay   // who went in first is first; some have left
	takes   time.Duration
	shut    time.Time // until then nobody is let in
	shutFor time.Duration
	asked   faded
	let     faded
}

type waiter struct {
	Visit
	since time.Time
	turn  chan *stay // told once: how he came in, nil to go
}

// stay is somebody who was let in.
type stay struct {
	Visit
	began time.Time
	over  bool // he has left, or is stuck: he does not count as under way
}

// New is a door that tells the time by now.
func New(now func() time.Time) *Door {
	d := &Door{now: now, limit: newLimit(now())}
	for c := range classes {
		d.rooms[c].takes = guess
	}
	return d
}

// Enter returns when v's turn has come; whoever came in calls leave once, with what became of it. It returns an Unavailable
// named overloaded when that would take too long, and ctx's error when ctx ends first.
func (d *Door) Enter(ctx context.Context, v Visit) (leave func(Outcome), err error) {
	d.mu.Lock()
	now := d.now()
	room := &d.rooms[v.Class]
	room.asked.add(now)
	d.next(now)
	if v.Class == Finish || len(room.waiting) == 0 && d.free(v.Class, now) {
		defer d.mu.Unlock()
		return d.leaving(d.letIn(v, now)), nil
	}
	d.limit.under(d.working(), true)
	d.pressed = now
	w := &waiter{Visit: v, since: now, turn: make(chan *stay, 1)}
	if !d.wait(w, now) {
		err := d.refusal(v.Class, now)
		d.mu.Unlock()
		count(v.Class, atOnce)
		return nil, err
	}
	d.mu.Unlock()

	again := time.NewTicker(looks)
	defer again.Stop()
	for ctx.Err() == nil && d.now().Sub(now) < waits {
		select {
		case in := <-w.turn:
			return d.told(w, in)
		case <-again.C:
			d.mu.Lock()
			d.next(d.now())
			d.mu.Unlock()
		case <-ctx.Done():
		}
	}
	d.mu.Lock()
	select {
	case in := <-w.turn: // meanwhile
		d.mu.Unlock()
		return d.told(w, in)
	default:
	}
	defer d.mu.Unlock()
	d.forget(w)
	if ctx.Err() != nil {
		count(v.Class, gone)
		return nil, ctx.Err()
	}
	count(v.Class, waited)
	return nil, d.refusal(v.Class, d.now())
}

// told ends a wait.
func (d *Door) told(w *waiter, in *stay) (func(Outcome), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if in == nil {
		count(w.Class, overtaken)
		return nil, d.refusal(w.Class, d.now())
	}
	waitTime.Observe(max(0, in.began.Sub(w.since).Seconds()), Classes[w.Class])
	return d.leaving(in), nil
}

func (d *Door) letIn(v Visit, now time.Time) *stay {
	in := &stay{Visit: v, began: now}
	room := &d.rooms[v.Class]
	room.inside = append(room.inside, in)
	room.let.add(now)
	d.busy[v.Class]++
	d.limit.under(d.working(), false)
	if 2*d.working() >= d.limit.room() {
		d.pressed = now
	}
	return in
}

func (d *Door) leaving(in *stay) func(Outcome) {
	var once sync.Once
	return func(o Outcome) { once.Do(func() { d.left(in, o) }) }
}

func (d *Door) left(in *stay, o Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.done(in)
	room := &d.rooms[in.Class]
	switch {
	case o == TooMuch:
		d.shut(in.Class, now)
	case o == Answered:
		room.shutFor = 0
		room.takes += (now.Sub(in.began) - room.takes) / 8
		if in.Class != Finish { // it may wait for somebody outside
			d.limit.took(in.Kind, in.began, now)
		}
	}
	d.next(now)
	d.trim(Begin, now)
	d.trim(Look, now)
}

// done has in not count any more.
func (d *Door) done(in *stay) {
	if !in.over {
		in.over = true
		d.busy[in.Class]--
	}
}

// shut lets nobody of a class in for a while.
func (d *Door) shut(c Class, now time.Time) {
	room := &d.rooms[c]
	if c == Finish || now.Before(room.shut) {
		return
	}
	room.shutFor = min(max(shutMin, 2*room.shutFor), shutMax)
	d.shutUntil(c, now.Add(room.shutFor))
}

// Ease has less be under way at once: there is a reason outside.
func (d *Door) Ease() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit.ease(d.now())
}

// Shut lets nobody of a class in for a time: there is a reason outside.
func (d *Door) Shut(c Class, how time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shutUntil(c, d.now().Add(how))
}

func (d *Door) shutUntil(c Class, until time.Time) {
	room := &d.rooms[c]
	if c == Finish || !until.After(room.shut) {
		return
	}
	room.shut = until
	time.AfterFunc(until.Sub(d.now()), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.next(d.now())
	})
}

// Pressed tells whether half of what may be under way was, or somebody had to wait, within the last moments.
func (d *Door) Pressed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Sub(d.pressed) < lately
}

// working is what counts as under way. What was begun may take up half of it: those who look go on although a card network
// is slow.
func (d *Door) working() int {
	return d.busy[Begin] + d.busy[Look] + d.finishing()
}

func (d *Door) finishing() int { return min(d.busy[Finish], d.limit.room()/2) }

// free tells whether one more of a class can be let in.
func (d *Door) free(c Class, now time.Time) bool {
	room := &d.rooms[c]
	if d.working() >= d.limit.room() || now.Before(room.shut) {
		return false
	}
	if room.shutFor > 0 && d.busy[c] > 0 { // one at a time, until one of them shows that there is more
		return false
	}
	return c != Look || len(d.rooms[Begin].waiting) == 0 || now.Before(d.rooms[Begin].shut)
}

// next lets in who waits, as far as there is room.
func (d *Door) next(now time.Time) {
	for c := range classes {
		room := &d.rooms[c]
		for len(room.inside) > 0 && (room.inside[0].over || now.Sub(room.inside[0].began) > stuck) {
			d.done(room.inside[0])
			room.inside = room.inside[1:]
		}
	}
	for c := Begin; c < classes; c++ {
		room := &d.rooms[c]
		for len(room.waiting) > 0 && d.free(c, now) {
			w := room.waiting[0]
			room.waiting = room.waiting[1:]
			w.turn <- d.letIn(w.Visit, now)
		}
	}
}

// wait puts w into the waiting room. It returns false when w would wait for too long.
func (d *Door) wait(w *waiter, now time.Time) bool {
	room := &d.rooms[w.Class]
	at, _ := slices.BinarySearchFunc(room.waiting, w, func(a, b *waiter) int {
		if a.Arrived.After(b.Arrived) {
			return 1
		}
		return -1 // of the same moment, who is here is first
	})
	if d.until(w.Class, at, now) > likely {
		return false
	}
	room.waiting = slices.Insert(room.waiting, at, w)
	d.trim(w.Class, now)
	return true
}

// trim sends away, last come first, who would have waited for too long when his turn came.
func (d *Door) trim(c Class, now time.Time) {
	room := &d.rooms[c]
	for last := len(room.waiting) - 1; last >= 0; last-- {
		w := room.waiting[last]
		if now.Sub(w.since)+d.until(c, last, now) <= waits {
			return
		}
		room.waiting = room.waiting[:last]
		w.turn <- nil
	}
}

// until is how long somebody will wait before whom there are others.
func (d *Door) until(c Class, before int, now time.Time) time.Duration {
	for higher := Begin; higher < c; higher++ {
		before += len(d.rooms[higher].waiting)
	}
	room := &d.rooms[c]
	until := max(0, room.shut.Sub(now))
	at := d.limit.room() - d.finishing()
	if room.shutFor > 0 {
		at = 1
	}
	return until + room.takes*time.Duration(before+1)/time.Duration(at)
}

func (d *Door) forget(w *waiter) {
	room := &d.rooms[w.Class]
	room.waiting = slices.DeleteFunc(room.waiting, func(other *waiter) bool { return other == w })
}

// refusal says when to come back: so much later as more is asked for than can be done.
func (d *Door) refusal(c Class, now time.Time) error {
	room := &d.rooms[c]
	asked, let := room.asked.at(now), max(room.let.at(now), 1)
	return fault.Overload(min(max(time.Second, time.Duration(asked/let*float64(time.Second))), comeMost))
}
