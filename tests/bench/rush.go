package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// hot is how many requests for one ticket at once were answered.
type hot struct {
	Winners int     `json:"winners"`
	Refused int     `json:"refused"` // with a 4xx, or told that the ticket is theirs already
	Errors  int     `json:"errors"`  // everything else
	LastMS  float64 `json:"last_ms"` // from the first request to the last answer
}

// crowd is how many.
const crowd = 500

// rush lets everybody go for one ticket at the same moment.
func (b *bench) rush(ctx context.Context, m *market) error {
	say("%d orders for one ticket", crowd)
	ids, err := m.offer(ctx, 1)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var h hot
	began := time.Now()
	err = each(make([]struct{}, crowd), crowd, func(i int, _ struct{}) error {
		status, _, _ := m.call(ctx, http.MethodPost, "/api/orders", m.cookies[i%buyers], `{"ticketId":"`+ids[0]+`"}`, nil)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case status == http.StatusCreated:
			h.Winners++
		case status == http.StatusOK || status/100 == 4:
			h.Refused++
		default:
			h.Errors++
		}
		return nil
	})
	h.LastMS = ms(time.Since(began))
	b.found.HotTicket = h
	return err
}
