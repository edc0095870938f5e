package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
)

// counting is a store that counts how often it is read.
type counting struct {
	*daprtest.Sidecar
	loads int
}

func (c *counting) Load(ctx context.Context, key string) (dapr.Item, error) {
	c.loads++
	return c.Sidecar.Load(ctx, key)
}

func (c *counting) LoadMany(ctx context.Context, keys []string) ([]dapr.Item, error) {
	c.loads++
	return c.Sidecar.LoadMany(ctx, keys)
}

// Orders on the shelf come with one more read, however many they are, and each at its place.
func TestShelvedOrdersAreReadTogether(t *testing.T) {
	s := selling(t)
	store := &counting{Sidecar: &daprtest.Sidecar{}}
	s.archive = dapr.NewCollection[sale.Order]("order", store)
	var want []string
	for i := range 6 {
		id := fmt.Sprintf("FREE-%d", i)
		require.NoError(t, s.buyers.Add(t.Context(), "ann", id))
		switch {
		case i == 1: // was refused after all
			continue
		case i == 3: // still in its sale, and overdue
			_, err := s.sales.Update(t.Context(), dapr.ByRepeat, "FREE", func(sl *sale.Sale) error {
				return sl.Place(sale.Order{ID: id, UserID: "ann"}, sale.Terms{Hold: 1}, s.now().Add(-2))
			})
			require.NoError(t, err)
			want = append(want, id+" cancelled")
		default:
			require.NoError(t, s.archive.Create(t.Context(), id, sale.Order{ID: id, UserID: "ann", Status: sale.Complete, Ticket: sale.Ticket{ID: "FREE", Price: 1000}}))
			want = append(want, id+" complete")
		}
	}
	store.loads = 0
	w := s.ask(t, "ann", "GET", "/api/orders", "")
	var orders []shown
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &orders), "%s", w.Body)
	var got []string
	for _, o := range orders {
		got = append(got, fmt.Sprint(o.ID, " ", o.Status))
	}
	assert.Equal(t, want, got)
	assert.Equal(t, 1, store.loads, "reads of the shelf")
}
