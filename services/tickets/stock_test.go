package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/session"
)

// shop is a store that knows how often each page of the list of all tickets was written.
type shop struct {
	*daprtest.Sidecar
	mu     sync.Mutex
	writes map[string]int
}

func (s *shop) Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error {
	if strings.HasPrefix(key, "tickets:") {
		s.mu.Lock()
		s.writes[key]++
		s.mu.Unlock()
	}
	return s.Sidecar.Save(ctx, key, value, etag, ttl)
}

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

// open is a replica of the service.
func (s *shop) open() *server {
	outbox := dapr.NewOutbox("tickets", s, s, now, slog.New(slog.DiscardHandler))
	sessions := session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), now)
	return &server{
		tickets: dapr.NewAnnounced("ticket", s, outbox, announce), everybody: dapr.NewList("tickets", s), sellers: dapr.NewList("tickets-of", s),
		catalogue: catalogue.New(), services: &judge{}, outbox: outbox, sessions: sessions, currency: "usd", now: now, log: slog.New(slog.DiscardHandler),
	}
}

// list sells a ticket as somebody.
func list(t *testing.T, s *server, seller string) {
	t.Helper()
	signed := httptest.NewRecorder()
	_, err := session.NewIssuer(signingKey, false, now).Open(signed, session.User{ID: seller, Email: seller + "@example.com"}, 0)
	require.NoError(t, err)
	r := httptest.NewRequest("POST", "/api/tickets", strings.NewReader(`{"title":"Nina Simone","price":10}`))
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(signed.Result().Cookies()[0])
	require.NoError(t, s.sell(httptest.NewRecorder(), r))
	s.outbox.Wait()
}

func TestListingsSpreadOverKeys(t *testing.T) {
	store := &shop{Sidecar: &daprtest.Sidecar{}, writes: map[string]int{}}
	s := store.open()
	const listings = 640
	for i := range listings {
		list(t, s, fmt.Sprint("seller", i))
	}
	for key, n := range store.writes {
		assert.Less(t, n, listings/10, "of %d listings wrote %s", listings, key)
	}
}

func TestACatalogueIsFilledWithAllThatWasEverListed(t *testing.T) {
	store := &shop{Sidecar: &daprtest.Sidecar{}, writes: map[string]int{}}
	s := store.open()
	for i := range 250 { // before the list was spread over keys
		old, err := ticket.New(fmt.Sprint("OLD", i), "somebody", ticket.Offer{Title: "Nina Simone", Price: 1000}, now())
		require.NoError(t, err)
		require.NoError(t, s.everybody.Add(t.Context(), "all", old.ID))
		require.NoError(t, s.tickets.Create(t.Context(), dapr.ByRepeat, old.ID, old))
	}
	for i := range 300 {
		list(t, s, fmt.Sprint("seller", i))
	}
	restarted := store.open()
	restarted.readAll(t.Context(), func() bool { return true })
	assert.Equal(t, 550, size(restarted.catalogue))
}

func size(c *catalogue.Catalogue) (n int) {
	q := catalogue.Query{Sort: catalogue.Newest, Limit: 200}
	for {
		page, more := c.Page(q, now())
		n += len(page)
		if !more {
			return n
		}
		q.After = &page[len(page)-1]
	}
}
