package admission

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

// machine does work of 20 ms on some cores: more at once takes longer.
type machine struct {
	door  *Door
	cores int
	mu    sync.Mutex
	under int
}

func (m *machine) work() {
	m.mu.Lock()
	m.under++
	took := max(20*time.Millisecond, 20*time.Millisecond*time.Duration(m.under)/time.Duration(m.cores))
	m.mu.Unlock()
	time.Sleep(took)
	m.mu.Lock()
	m.under--
	m.mu.Unlock()
}

// rush is what became of visits.
type rush struct {
	mu             sync.Mutex
	in, out        int
	longest, spurn time.Duration // until an answer; until a refusal
}

// ask sends visits at a rate for a while, in an open loop, and waits for the last.
func (m *machine) ask(c Class, perSecond int, d time.Duration) *rush {
	r := &rush{}
	var all sync.WaitGroup
	for range int(d.Seconds() * float64(perSecond)) {
		all.Go(func() {
			began := time.Now()
			leave, err := m.door.Enter(context.Background(), Visit{c, "work", began})
			if err == nil {
				m.work()
				leave(Answered)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if took := time.Since(began); err == nil {
				r.in++
				r.longest = max(r.longest, took)
			} else {
				r.out++
				r.spurn = max(r.spurn, took)
			}
		})
		time.Sleep(time.Second / time.Duration(perSecond))
	}
	all.Wait()
	return r
}

// Whatever a machine can do, the door finds out, and lets in nearly as much as that when more is asked for.
func TestTheBoundFindsItself(t *testing.T) {
	for _, cores := range []int{1, 4, 16} {
		for _, times := range []int{3, 10} {
			synctest.Test(t, func(t *testing.T) {
				m := &machine{door: New(time.Now), cores: cores}
				can := cores * 50
				m.ask(Begin, can*times, 5*time.Second) // to find out
				r := m.ask(Begin, can*times, 10*time.Second)
				assert.Greater(t, r.in, can*10*85/100, "%d cores, %d times as much: %+v", cores, times, r)
				assert.Less(t, r.longest, time.Second, "%d cores, %d times as much: %+v", cores, times, r)
				assert.Greater(t, r.out, 0)
			})
		}
	}
}

// With less than it can do nobody is refused, nor afterwards.
func TestItRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{door: New(time.Now), cores: 4}
		r := m.ask(Begin, 100, 5*time.Second)
		assert.Zero(t, r.out)
		assert.NotZero(t, m.ask(Begin, 2000, 5*time.Second).out)
		time.Sleep(time.Second)
		r = m.ask(Begin, 150, 5*time.Second)
		assert.Zero(t, r.out)
		assert.Less(t, r.longest, 100*time.Millisecond)
	})
}

// What is far too much is refused at once.
func TestRefusalsAreQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{door: New(time.Now), cores: 2}
		m.ask(Begin, 1000, 2*time.Second)
		var late atomic.Int32
		for range 1000 {
			go func() {
				began := time.Now()
				if leave, err := m.door.Enter(context.Background(), Visit{Begin, "work", began}); err == nil {
					m.work()
					leave(Answered)
				} else if time.Since(began) > 100*time.Millisecond {
					late.Add(1)
				}
			}()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		assert.Less(t, late.Load(), int32(10))
	})
}

// full is a door through which as many came as may, all of them looking.
func full(t *testing.T) (*Door, []func(Outcome)) {
	d := New(time.Now)
	var inside []func(Outcome)
	for range int(start) {
		inside = append(inside, enter(t, d, Look))
	}
	return d, inside
}

func enter(t *testing.T, d *Door, c Class) func(Outcome) {
	leave, err := d.Enter(context.Background(), Visit{c, "work", time.Now()})
	require.NoError(t, err)
	return leave
}

// goes has somebody come who writes down his name when he is let in, and stays.
func goes(d *Door, list *[]string, name string, v Visit) {
	go func() {
		if _, err := d.Enter(context.Background(), v); err == nil {
			*list = append(*list, name)
		}
	}()
	synctest.Wait()
}

func TestWhatWasBegunGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, inside := full(t)
		var came []string
		goes(d, &came, "looks", Visit{Look, "work", time.Now()})
		goes(d, &came, "buys", Visit{Begin, "work", time.Now()})
		goes(d, &came, "pays", Visit{Finish, "work", time.Now()})
		assert.Equal(t, []string{"pays"}, came, "nobody who has begun waits")
		inside[0](Answered)
		synctest.Wait()
		assert.Equal(t, []string{"pays"}, came, "nobody is let in for him who paid")
		inside[1](Answered)
		synctest.Wait()
		assert.Equal(t, []string{"pays", "buys"}, came)
		inside[2](Answered)
		synctest.Wait()
		assert.Equal(t, []string{"pays", "buys", "looks"}, came)
	})
}

func TestWhoCameFirstIsLetInFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, inside := full(t)
		var came []string
		now := time.Now()
		goes(d, &came, "second", Visit{Begin, "work", now.Add(-time.Second)})
		goes(d, &came, "third", Visit{Begin, "work", now})
		goes(d, &came, "fourth", Visit{Begin, "work", now})
		goes(d, &came, "first, who was refused before", Visit{Begin, "work", now.Add(-time.Minute)})
		for i := range 4 {
			inside[i](Answered)
			synctest.Wait()
		}
		assert.Equal(t, []string{"first, who was refused before", "second", "third", "fourth"}, came)
	})
}

// However much is being paid for, half of the place is for others: a card network that is slow keeps nobody from looking.
func TestASlowCardNetworkKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(time.Now)
		for range 1000 {
			enter(t, d, Finish)
		}
		enter(t, d, Look)(Answered)
	})
}

// A part that does not answer takes up the place of others for a moment, and no longer.
func TestWhatIsStuckKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(time.Now)
		var stuckThere []func(Outcome)
		for range int(start) {
			stuckThere = append(stuckThere, enter(t, d, Begin))
		}
		time.Sleep(stuck - looks)
		began := time.Now()
		enter(t, d, Look)(Answered)
		assert.LessOrEqual(t, time.Since(began), 3*looks)
		enter(t, d, Begin)(Answered)
		for _, leave := range stuckThere {
			leave(Apart)
			leave(Apart) // is once
		}
		assert.Zero(t, d.busy[Begin])
	})
}

func TestWhoWaitsTooLongIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := full(t)
		began := time.Now()
		var came []string
		for range 2 * int(start) { // who come first, and stay
			goes(d, &came, "buys", Visit{Begin, "work", began})
		}
		_, err := d.Enter(context.Background(), Visit{Look, "work", began})
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
		assert.Equal(t, fault.Overloaded, fault.CodeOf(err))
		_, again := fault.Public(err)
		assert.GreaterOrEqual(t, again, time.Second)
		assert.InDelta(t, waits, time.Since(began), float64(looks))

		gone, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_, err = d.Enter(gone, Visit{Look, "work", began})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Empty(t, d.rooms[Look].waiting, "who has left does not stand in the way")
	})
}

// When those behind say that it is too much, new work waits a moment; looking goes on, and so does what was begun.
func TestAClassThatIsTooMuchForThoseBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(time.Now)
		enter(t, d, Begin)(TooMuch)
		began := time.Now()
		enter(t, d, Look)(Answered)
		enter(t, d, Finish)(Answered)
		assert.Zero(t, time.Since(began))
		leave := enter(t, d, Begin)
		assert.Equal(t, shutMin, time.Since(began))

		var came []string
		goes(d, &came, "next", Visit{Begin, "work", time.Now()})
		assert.Empty(t, came, "one shows whether it is still too much")
		leave(Answered)
		synctest.Wait()
		assert.Equal(t, []string{"next"}, came)

		for range 20 {
			if leave, err := d.Enter(context.Background(), Visit{Begin, "work", time.Now()}); err == nil {
				leave(TooMuch)
			}
		}
		assert.LessOrEqual(t, d.rooms[Begin].shutFor, shutMax)
	})
}

// The longer the queue, the later who is refused is told to come back.
func TestWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{door: New(time.Now), cores: 1}
		m.ask(Begin, 500, 10*time.Second)
		_, again := fault.Public(m.door.refusal(Begin, time.Now()))
		assert.InDelta(t, 10, again.Seconds(), 4)
	})
}

// Work that is slow although little is under way says nothing about the bound, and a kind that always takes long is not slow.
func TestWhatIsSlowByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(time.Now)
		for range 100 {
			leave := enter(t, d, Begin)
			time.Sleep(300 * time.Millisecond)
			leave(Answered)
		}
		assert.GreaterOrEqual(t, d.limit.n, start)
		assert.Equal(t, 1200*time.Millisecond, d.limit.patience("work"))
		assert.Equal(t, prompt, d.limit.patience("another"))
	})
}
