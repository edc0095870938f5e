package tests

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// More want in than web can serve: what was begun goes on, then comes what is new, and those who look come last. Tickets stands
// still, so whoever asks it for something takes up his place; nothing here depends on how fast the machine is.
func TestARush(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	paid, other := seller.sells("Begun before the rush", "10"), seller.sells("Wanted in it", "10")
	begun := buyer.orders(paid.ID)
	known := buyer.orders(other.ID) // so orders need not ask tickets
	require.Equal(t, 204, buyer.do("DELETE", "/api/orders/"+known.ID, "").Status)

	require.NoError(t, s.Signal("tickets", syscall.SIGSTOP))
	var once sync.Once
	goOn := func() { once.Do(func() { assert.NoError(t, s.Signal("tickets", syscall.SIGCONT)) }) }
	defer goOn()
	crowd := asks(buyer, 100, func(p *person) (answer, error) { return p.try("GET", "/api/tickets", "") })
	var told answer
	eventually(t, "some are refused", func() bool { told = crowd.refused(); return told.Status == 503 })
	assert.Equal(t, "overloaded", told.code())
	again, err := strconv.Atoi(told.Header.Get("Retry-After"))
	assert.NoError(t, err)
	assert.InDelta(t, 15, again, 15)
	assert.Less(t, crowd.took(), 10*time.Second)

	got := buyer.pays(begun.ID, "tok_visa")
	assert.Equal(t, 201, got.Status, "paying does not wait: %s", got.Body)
	assert.Equal(t, 200, buyer.get("/api/orders/"+begun.ID).Status, "nor does what was begun otherwise")
	held := buyer.post("/api/orders", `{"ticketId":"`+other.ID+`"}`)
	assert.Equal(t, 201, held.Status, "an order comes before those who look: %s", held.Body)
	people := asks(buyer, 50, func(p *person) (answer, error) { return p.ask("GET", "/", "", http.Header{"Accept": {"text/html"}}) })
	eventually(t, "people see that there is a queue", func() bool { return strings.Contains(string(people.refused().Body), "There is a queue") })
	assert.NotEmpty(t, people.refused().Header.Get("Retry-After"))

	goOn()
	crowd.stop()
	people.stop()
	eventually(t, "everybody is served again", func() bool {
		got, err := buyer.try("GET", "/api/tickets", "")
		return err == nil && got.Status == 200
	})
	eventually(t, "what was paid for in the rush is complete", func() bool { return buyer.order(begun.ID).Status == "complete" })
	var o order
	require.NoError(t, json.Unmarshal(held.Body, &o))
	require.Equal(t, 204, buyer.do("DELETE", "/api/orders/"+o.ID, "").Status)
}

// throng is many who ask for the same, again and again.
type throng struct {
	all   sync.WaitGroup
	ended atomic.Bool
	told  atomic.Pointer[answer]
	quick atomic.Int64
}

func asks(as *person, n int, ask func(*person) (answer, error)) *throng {
	c := &throng{}
	for range n {
		p := &person{base: as.base, cookie: as.cookie}
		c.all.Go(func() {
			for !c.ended.Load() {
				began := time.Now()
				if got, err := ask(p); err == nil && got.Status == 503 && time.Since(began) < 5*time.Second { // and not tired of waiting for tickets
					c.told.Store(&got)
					c.quick.CompareAndSwap(0, int64(time.Since(began)))
				}
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
	return c
}

// refused is the answer of one who was.
func (c *throng) refused() answer {
	if told := c.told.Load(); told != nil {
		return *told
	}
	return answer{}
}

// took is how long the first refusal took.
func (c *throng) took() time.Duration { return time.Duration(c.quick.Load()) }

func (c *throng) stop() {
	c.ended.Store(true)
	c.all.Wait()
}
