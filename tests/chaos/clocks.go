package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// clocks sets the services' clocks apart; those of store, broker, scheduler, card network and ourselves go right. Each
// service is off by as much as may be, half of them ahead and half behind, replicas of one service on both sides.
type clocks struct {
	file string
	off  map[string]time.Duration // by the service's port
}

// newClocks makes the file that services are to be started with. So far all clocks go right.
func newClocks(dir string) (*clocks, error) {
	c := &clocks{file: filepath.Join(dir, "clocks.json"), off: map[string]time.Duration{}}
	return c, c.write()
}

// spread sets the clocks apart, as the seed decides.
func (c *clocks) spread(s *stack.Stack, apart time.Duration, seed uint64) error {
	services := []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk", "web"}
	random := rand.New(rand.NewPCG(seed, 2))
	random.Shuffle(len(services), func(i, j int) { services[i], services[j] = services[j], services[i] })
	for i, id := range services {
		for n, replica := range s.Replicas(id) {
			off := apart
			if (i+n)%2 == 1 {
				off = -apart
			}
			c.off[strconv.Itoa(replica.AppPort)] = off
		}
	}
	return c.write()
}

// jump moves every clock to the other side, at once and under way: those ahead step back, those behind forward.
func (c *clocks) jump() error {
	for port := range c.off {
		c.off[port] = -c.off[port]
	}
	return c.write()
}

// ahead counts what services have dated later than it was published, by the broker's clock: none, if no clock was ahead.
func ahead(h history) map[string]int {
	n := map[string]int{"tickets": 0, "orders": 0, "payments": 0}
	count := func(service string, dated time.Time, event string) {
		if published, ok := h.Events[event]; ok && dated.After(published) {
			n[service]++
		}
	}
	for id, t := range h.Tickets {
		count("tickets", t.CreatedAt, eventKey(events.TicketCreated, id, 0))
	}
	for id, o := range h.Orders {
		count("orders", o.PlacedAt, eventKey(events.OrderCreated, id, 0))
	}
	for _, p := range h.Payments {
		count("payments", p.BegunAt, eventKey(events.PaymentCreated, p.ID, 1))
	}
	return n
}

// write replaces the file as a whole: services read it at any moment.
func (c *clocks) write() error {
	text := map[string]string{}
	for port, off := range c.off {
		text[port] = off.String()
	}
	raw, err := json.Marshal(text)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.file+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(c.file+".new", c.file)
}
