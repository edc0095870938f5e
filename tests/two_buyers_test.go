package tests

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hundred buyers at once for one ticket: exactly one order.
func TestHundredBuyers(t *testing.T) {
	s := market(t)
	seller := newcomer(t, s)
	offered := seller.sells("The last seat", "99.99")
	buyers := make([]*person, 20) // five tabs each
	for i := range buyers {
		buyers[i] = newcomer(t, s)
	}
	var mu sync.Mutex
	answers := map[int][]string{}
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range 100 {
		buyer := &person{base: s.URL, cookie: buyers[i%len(buyers)].cookie}
		all.Go(func() {
			<-start
			got, err := buyer.try("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`)
			for err == nil && got.code() == "overloaded" { // more at once than the machine can do
				time.Sleep(time.Second)
				got, err = buyer.try("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`)
			}
			mu.Lock()
			defer mu.Unlock()
			if assert.NoError(t, err) {
				answers[got.Status] = append(answers[got.Status], got.says())
			}
		})
	}
	close(start)
	all.Wait()
	require.Len(t, answers[201], 1, "%v", answers)
	assert.LessOrEqual(t, len(answers[200]), 4, "the winner's other tabs find the same order: %v", answers)
	require.Len(t, answers[400], 99-len(answers[200]), "%v", answers)
	for _, said := range answers[400] {
		assert.Equal(t, "Ticket is already reserved", said)
	}
	orders := 0
	for _, b := range buyers {
		var mine []order
		b.get("/api/orders").into(t, &mine)
		orders += len(mine)
	}
	assert.Equal(t, 1, orders)
}

// Two people with one address, at once: one account.
func TestOneAddressOneAccount(t *testing.T) {
	s := market(t)
	email := newcomer(t, s).Email + ".twin"
	var mu sync.Mutex
	said := map[string]int{}
	var all sync.WaitGroup
	for range 10 {
		p := &person{base: s.URL}
		all.Go(func() {
			got, err := p.try("POST", "/api/users/signup", `{"email":"`+email+`","password":"correct horse"}`)
			mu.Lock()
			defer mu.Unlock()
			if assert.NoError(t, err) && got.Status == 201 {
				said["in"]++
			} else {
				said[got.says()]++
			}
		})
	}
	all.Wait()
	assert.Equal(t, map[string]int{"in": 1, "Email in use": 9}, said)
}
