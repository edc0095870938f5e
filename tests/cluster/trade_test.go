//go:build cluster

package main

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A trade is people who buy and sell all the time. Each ticket is wanted by two of them at once.
type trade struct {
	sellers, buyers []*person
	quit            chan struct{}
	all             sync.WaitGroup

	mu    sync.Mutex
	sales []bought
	wrong []string
}

// bought is a ticket that somebody has paid for.
type bought struct {
	ticket, order string
	buyer, rival  *person
}

// trading starts a trade. What it returns ends it, checks every sale, and says how many there were.
func trading(t *testing.T, pairs int) (end func() int) {
	t.Helper()
	tr := &trade{quit: make(chan struct{})}
	for range pairs {
		seller, one, other := newSeller(t), newcomer(t), newcomer(t)
		for _, p := range []*person{seller, one, other} {
			p.odd = tr.note
		}
		tr.all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-tr.quit:
					return
				case <-time.After(100 * time.Millisecond):
					tr.sell(seller, one, other, n)
				}
			}
		})
	}
	return func() int {
		close(tr.quit)
		tr.all.Wait()
		tr.check(t)
		return len(tr.sales)
	}
}

func (tr *trade) note(what string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.wrong = append(tr.wrong, what)
}

// sell is one ticket's way from its listing to its buyer. Two want it at the same moment, and one of them gets it.
func (tr *trade) sell(seller, one, other *person, n int) {
	status, body := seller.ask("POST", "/api/tickets", fmt.Sprintf(`{"title":"Night %d","price":10.50}`, n))
	if status != 201 {
		tr.note(fmt.Sprintf("listing: %d %s", status, body))
		return
	}
	ticket := field(body, "id")
	var answers [2][]byte
	var statuses [2]int
	var both sync.WaitGroup
	for i, p := range []*person{one, other} {
		both.Go(func() { statuses[i], answers[i] = p.ask("POST", "/api/orders", `{"ticketId":"`+ticket+`"}`) })
	}
	both.Wait()
	won := slices.IndexFunc(statuses[:], func(s int) bool { return s < 300 })
	if won < 0 || statuses[1-won] < 300 {
		tr.note(fmt.Sprintf("ordering %s by two: %v %s", ticket, statuses, answers))
		return
	}
	sale := bought{ticket: ticket, order: field(answers[won], "id"), buyer: []*person{one, other}[won], rival: []*person{other, one}[won]}
	if status, body := sale.buyer.ask("POST", "/api/payments", `{"orderId":"`+sale.order+`","token":"tok_visa"}`); status >= 300 {
		tr.note(fmt.Sprintf("paying %s: %d %s", sale.order, status, body))
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sales = append(tr.sales, sale)
}

// check holds every sale to what was promised: whoever has paid has the ticket, the money was taken once, and nobody else gets it.
func (tr *trade) check(t *testing.T) {
	t.Helper()
	assert.Empty(t, tr.wrong)
	require.NotEmpty(t, tr.sales, "nobody bought anything, so nothing was shown")
	for _, s := range tr.sales {
		if !assert.NoError(t, complete(s.buyer, s.order)) {
			continue
		}
		_, receipt := s.buyer.ask("GET", "/api/payments/"+s.order, "")
		assert.Equal(t, "succeeded", field(receipt, "status"), "%s", receipt)
		_, shown := s.buyer.ask("GET", "/api/tickets/"+s.ticket, "")
		assert.Equal(t, s.order, field(shown, "orderId"), "%s", shown)
		status, _ := s.rival.ask("POST", "/api/orders", `{"ticketId":"`+s.ticket+`"}`)
		assert.Equal(t, 400, status, "a ticket that is sold was sold again")
	}
}
