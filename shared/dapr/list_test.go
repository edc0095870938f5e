package dapr_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
)

// deaf is a store that writes one value and loses the answer. Before the writer asks again, meanwhile happens.
type deaf struct {
	*daprtest.Sidecar
	meanwhile func()
}

func (d *deaf) Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error {
	err := d.Sidecar.Save(ctx, key, value, etag, ttl)
	if meanwhile := d.meanwhile; err == nil && meanwhile != nil {
		d.meanwhile = nil
		meanwhile()
		err = errors.New("the answer is lost")
	}
	return err
}

func TestAListLosesNothingWhenAnAnswerIsLostAndAnotherReplicaTurnsThePage(t *testing.T) {
	store := &daprtest.Sidecar{}
	ours := &deaf{Sidecar: store}
	list, other := dapr.NewList("things", ours), dapr.NewList("things", store)
	added := map[string]bool{}
	add := func(list *dapr.List, id string) {
		require.NoError(t, list.Add(t.Context(), "ann", id))
		added[id] = true
	}
	for i := range 198 {
		add(other, fmt.Sprint("first", i))
	}
	ours.meanwhile = func() {
		for i := range 3 { // fill the page and begin the next
			add(other, fmt.Sprint("meanwhile", i))
		}
	}
	add(list, "ours")
	for i := range 450 {
		add(other, fmt.Sprint("later", i))
	}
	ids, _, err := other.Slice(t.Context(), "ann", 0, 1000)
	require.NoError(t, err)
	assert.ElementsMatch(t, keys(added), unique(ids))
}

func TestReplicasThatTurnPagesAtOnceLoseNothing(t *testing.T) {
	store := &daprtest.Sidecar{}
	var all sync.WaitGroup
	for replica := range 4 {
		list := dapr.NewList("things", store)
		for adder := range 4 {
			all.Go(func() {
				for i := range 60 {
					assert.NoError(t, list.Add(t.Context(), "ann", fmt.Sprintf("%d-%d-%d", replica, adder, i)))
				}
			})
		}
	}
	all.Wait()
	ids, length, err := dapr.NewList("things", store).Slice(t.Context(), "ann", 0, 2000)
	require.NoError(t, err)
	assert.Len(t, ids, 4*4*60)
	assert.Equal(t, len(ids), length)
	assert.Len(t, unique(ids), len(ids), "and nothing is there twice")
}

func unique(ids []string) []string {
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return keys(seen)
}

func keys(set map[string]bool) []string { return slices.Collect(maps.Keys(set)) }
