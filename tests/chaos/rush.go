package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

const (
	rushEvery  = 4               // rounds: in the last of so many more is asked for than the market can do
	rushBefore = 2 * time.Second // something happens in it
	rushing    = 40              // who ask then, besides those who trade
)

// crowd has many more look and order as fast as they are answered, until stop is called, which waits for them. One in four pays for
// what he got.
func (t *trade) crowd(ctx context.Context, seed uint64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range rushing {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			for ctx.Err() == nil {
				switch n := random.IntN(8); {
				case n < 4:
					t.orderOnce(random)
				case n < 6:
					t.pay(ctx, random)
				default:
					t.call("GET", "/api/tickets", "", "", nil)
				}
				clock.Wait(ctx, between(random, 1, 10))
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// orderOnce does not ask again when the outcome is unknown: there are others.
func (t *trade) orderOnce(random *rand.Rand) {
	o, ok := t.pick(random)
	if !ok {
		return
	}
	buyer := t.some(random)
	var got struct{ ID string }
	if status, _ := t.call("POST", "/api/orders", buyer, `{"ticketId":"`+o.id+`"}`, &got); status/100 == 2 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.promised.Orders[got.ID] = true
		t.held = append(t.held, hold{got.ID, buyer})
	}
}

// weigh counts refusals for load. What was begun is never refused for that.
func (t *trade) weigh(method, path string, resp *http.Response, body []byte) {
	if resp.StatusCode != http.StatusServiceUnavailable || fault.CodeOf(orNone(fault.Read(resp.StatusCode, body))) != fault.Overloaded {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shed++
	if path == "/api/payments" || strings.HasPrefix(path, "/api/orders/") {
		t.promised.TurnedAway = append(t.promised.TurnedAway, fmt.Sprintf("%s %s at %s", method, path, time.Now().UTC().Format(time.RFC3339)))
	}
}

func orNone(said *fault.Error) error {
	if said == nil {
		return nil
	}
	return said
}
