package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/money"
)

// Titles are a first word, a second word and a number. One ticket in 100 has a given pair of words that goes together.
var (
	artists = []string{"Simone", "Coltrane", "Holiday", "Mingus", "Ellington", "Fitzgerald", "Davis", "Monk", "Parker", "Armstrong",
		"Basie", "Vaughan", "Baker", "Rollins", "Hancock", "Evans", "Shorter", "Blakey", "Peterson", "Reinhardt"}
	cities = 50
)

func title(n int) string {
	return fmt.Sprintf("%s, Hall%d, Seat %d", artists[n%len(artists)], n%cities, n)
}

// search is what somebody looks for.
func search(n int) string { return fmt.Sprintf("%s+hall%d", artists[n%len(artists)], n%cities) }

// seller owns every ticket; nobody is signed in as her.
const seller = "BENCHSELLER"

// desk is a store in memory, where documents are made before they are written to a service's own: a hundred thousand
// tickets through the API would take the better part of an hour. It is for one goroutine.
type desk struct {
	docs    map[string][]byte
	dirty   map[string]bool
	written map[string]bool
}

func newDesk() *desk {
	return &desk{docs: map[string][]byte{}, dirty: map[string]bool{}, written: map[string]bool{}}
}

// Load, LoadMany and Save implement dapr.Store.
func (d *desk) Load(_ context.Context, key string) (dapr.Item, error) {
	return dapr.Item{Value: d.docs[key]}, nil
}

func (d *desk) LoadMany(_ context.Context, keys []string) ([]dapr.Item, error) {
	items := make([]dapr.Item, len(keys))
	for i, key := range keys {
		items[i].Value = d.docs[key]
	}
	return items, nil
}

func (d *desk) Save(_ context.Context, key string, value []byte, _ string, _ time.Duration) error {
	d.docs[key], d.dirty[key] = value, true
	return nil
}

// write brings what has changed since the last write to the real store.
func (d *desk) write(ctx context.Context, to dapr.Store) error {
	keys := slices.Collect(maps.Keys(d.dirty))
	err := each(keys, 32, func(_ int, key string) error {
		etag := ""
		if d.written[key] {
			item, err := to.Load(ctx, key)
			if err != nil {
				return err
			}
			etag = item.ETag
		}
		return to.Save(ctx, key, d.docs[key], etag, 0)
	})
	for _, key := range keys {
		d.written[key] = true
	}
	clear(d.dirty)
	return err
}

func makeTicket(n int) (ticket.Ticket, error) {
	return ticket.New(rand.Text(), seller, ticket.Offer{Title: title(n), Price: money.Amount(1000 + n%9000)}, time.Now())
}

// offer puts n tickets on sale and returns their ids. It writes what listing them would have left in the stores of
// tickets and orders.
func (m *market) offer(ctx context.Context, n int) ([]string, error) {
	shop, books := newDesk(), newDesk()
	tickets, sales := dapr.NewCollection[ticket.Ticket]("ticket", shop), dapr.NewCollection[sale.Sale]("sale", books)
	var ids []string
	for i := range n {
		t, err := makeTicket(i)
		if err != nil {
			return nil, err
		}
		var s sale.Sale
		s.Follow(t.UserID, sale.Ticket{ID: t.ID, Title: t.Title, Price: t.Price, Version: t.Version})
		if err := tickets.Create(ctx, t.ID, t); err != nil {
			return nil, err
		}
		if err := sales.Create(ctx, t.ID, s); err != nil {
			return nil, err
		}
		ids = append(ids, t.ID)
	}
	if err := shop.write(ctx, m.tickets); err != nil {
		return nil, fmt.Errorf("offer tickets: %w", err)
	}
	if err := books.write(ctx, m.orders); err != nil {
		return nil, fmt.Errorf("offer tickets to orders: %w", err)
	}
	return ids, nil
}
