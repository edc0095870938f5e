package daprtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
)

// TestStore holds a store to what the services rely on. It writes keys of its own and leaves them.
func TestStore(t *testing.T, store dapr.Store) {
	ctx := context.Background()
	fresh := func() string { return "conformance:" + rand.Text() }
	load := func(t *testing.T, key string) dapr.Item {
		t.Helper()
		item, err := store.Load(ctx, key)
		require.NoError(t, err)
		return item
	}

	t.Run("a missing key has no value and no ETag", func(t *testing.T) {
		assert.Equal(t, dapr.Item{}, load(t, fresh()))
	})

	t.Run("bytes come back as they were sent", func(t *testing.T) {
		for _, value := range []string{
			`{"price":"$19.99","n":9007199254740993,"big":1e400}`, `{"$$ROOT":1}`, `{ "spaced" : [ ] }`, `{"a":1,"a":2}`, "not JSON", `"quoted"`,
		} {
			key := fresh()
			require.NoError(t, store.Save(ctx, key, []byte(value), "", 0), value)
			assert.Equal(t, value, string(load(t, key).Value))
		}
	})

	t.Run("what exists is not created again", func(t *testing.T) {
		key := fresh()
		require.NoError(t, store.Save(ctx, key, []byte("first"), "", 0))
		require.Error(t, store.Save(ctx, key, []byte("second"), "", 0), "with whatever error: some stores have no code for it")
		assert.Equal(t, "first", string(load(t, key).Value))
	})

	t.Run("an ETag is good for one write", func(t *testing.T) {
		key := fresh()
		require.NoError(t, store.Save(ctx, key, []byte("1"), "", 0))
		first := load(t, key)
		require.NotEmpty(t, first.ETag)
		require.NoError(t, store.Save(ctx, key, []byte("2"), first.ETag, 0))
		assert.ErrorIs(t, store.Save(ctx, key, []byte("3"), first.ETag, 0), dapr.ErrLost)
		second := load(t, key)
		assert.Equal(t, "2", string(second.Value))
		assert.NotEqual(t, first.ETag, second.ETag)
	})

	t.Run("of many writers at once one wins", func(t *testing.T) {
		for _, etag := range []string{"create", "update"} {
			key, tag := fresh(), ""
			if etag == "update" {
				require.NoError(t, store.Save(ctx, key, []byte("old"), "", 0))
				tag = load(t, key).ETag
			}
			var winners atomic.Int32
			var won atomic.Value
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					value := fmt.Sprintf("writer %d", i)
					if store.Save(ctx, key, []byte(value), tag, 0) == nil {
						winners.Add(1)
						won.Store(value)
					}
				})
			}
			all.Wait()
			require.EqualValues(t, 1, winners.Load(), etag)
			assert.Equal(t, won.Load(), string(load(t, key).Value), etag)
		}
	})

	t.Run("many keys come in the order asked for", func(t *testing.T) {
		keys := make([]string, 50)
		for i := range keys {
			keys[i] = fresh()
			if i%3 != 0 {
				require.NoError(t, store.Save(ctx, keys[i], []byte(keys[i]), "", 0))
			}
		}
		items, err := store.LoadMany(ctx, keys)
		require.NoError(t, err)
		require.Len(t, items, len(keys))
		for i, item := range items {
			if i%3 == 0 {
				assert.Equal(t, dapr.Item{}, item)
				continue
			}
			assert.Equal(t, load(t, keys[i]), item)
		}
	})

	t.Run("a document of 60 kB fits", func(t *testing.T) {
		key, value := fresh(), make([]byte, 60<<10)
		for i := range value {
			value[i] = 'a' + byte(i%26)
		}
		require.NoError(t, store.Save(ctx, key, value, "", 0))
		assert.Equal(t, value, load(t, key).Value)
	})

	t.Run("a key with a ttl is forgotten after its last write, and can be created again", func(t *testing.T) {
		const ttl = 3 * time.Second
		key, beside := fresh(), fresh()
		require.NoError(t, store.Save(ctx, key, []byte("first"), "", ttl))
		require.NoError(t, store.Save(ctx, beside, []byte("beside"), "", 0))
		time.Sleep(ttl - time.Second)
		require.NoError(t, store.Save(ctx, key, []byte("second"), load(t, key).ETag, ttl), "a write before the end")
		time.Sleep(ttl - time.Second)
		assert.Equal(t, "second", string(load(t, key).Value), "keeps it beyond")
		require.Eventually(t, func() bool {
			item, err := store.Load(ctx, key)
			return err == nil && item.Value == nil
		}, 2*time.Minute, 100*time.Millisecond, "some stores look once a minute")
		require.NoError(t, store.Save(ctx, key, []byte("third"), "", ttl))
		assert.Equal(t, "third", string(load(t, key).Value))
		assert.Equal(t, "beside", string(load(t, beside).Value), "what has none stays")
	})

	t.Run("a call ends with its context", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		cancel()
		_, err := store.Load(over, fresh())
		assert.Error(t, err)
	})
}
