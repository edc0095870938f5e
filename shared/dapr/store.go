package dapr

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	sdk "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Store is a key-value store with ETags: the little that every Dapr state store can do, and does alike.
type Store interface {
	// Load returns the value of a key and its ETag, an Item without Value when there is none.
	Load(ctx context.Context, key string) (Item, error)
	// LoadMany is Load for several keys, in their order.
	LoadMany(ctx context.Context, keys []string) ([]Item, error)
	// Save writes a key, first write wins: with the ETag that Load gave, or with "" to create it. ErrLost means that
	// somebody else wrote first. After any other error nobody knows whether it was written: load to find out. The store
	// forgets the key ttl after its last write, rounded up to seconds; 0 is for ever. A key has a ttl with every write or
	// with none: some stores keep an earlier one.
	Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error
}

// Item is the value of a key.
type Item struct {
	Value []byte // nil when the key does not exist
	ETag  string
}

// ErrLost is returned for a write that came second.
var ErrLost = errors.New("somebody else wrote first")

// Load implements Store.
func (s *Sidecar) Load(ctx context.Context, key string) (Item, error) {
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return Item{}, err
	}
	defer cancel()
	got, err := s.sdk.GetState(ctx, stateStore, key, nil)
	if err != nil {
		return Item{}, fmt.Errorf("load %s: %w", key, err)
	}
	return item(got.Value, got.Etag), nil
}

// LoadMany implements Store.
func (s *Sidecar) LoadMany(ctx context.Context, keys []string) ([]Item, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	got, err := s.sdk.GetBulkState(ctx, stateStore, keys, nil, 10)
	if err != nil {
		return nil, fmt.Errorf("load %d keys: %w", len(keys), err)
	}
	byKey := make(map[string]Item, len(got))
	for _, g := range got {
		if g.Error != "" {
			return nil, fmt.Errorf("load %s: %s", g.Key, g.Error)
		}
		byKey[g.Key] = item(g.Value, g.Etag)
	}
	items := make([]Item, len(keys))
	for i, key := range keys {
		items[i] = byKey[key]
	}
	return items, nil
}

func item(value []byte, etag string) Item {
	if len(value) == 0 {
		return Item{}
	}
	return Item{Value: value, ETag: etag}
}

// Save implements Store. Always first-write and without a content type: some stores overwrite a key that was once
// written last-write, and change JSON that they are told is JSON.
func (s *Sidecar) Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error {
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	item := &sdk.SetStateItem{Key: key, Value: value, Options: &sdk.StateOptions{
		Concurrency: sdk.StateConcurrencyFirstWrite, Consistency: sdk.StateConsistencyStrong,
	}}
	if etag != "" {
		item.Etag = &sdk.ETag{Value: etag}
	}
	if ttl > 0 {
		item.Metadata = map[string]string{"ttlInSeconds": strconv.FormatInt(int64((ttl+time.Second-1)/time.Second), 10)}
	}
	err = s.sdk.SaveBulkState(ctx, stateStore, item)
	if status.Code(err) == codes.Aborted {
		return ErrLost
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", key, err)
	}
	return nil
}

// toTheEnd is ctx with its deadline, or callLimit, but deaf to a caller who hangs up: a call that is cancelled half way
// leaves a write with unknown outcome, and some drivers with a connection that shows old data.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	limit := time.Now().Add(callLimit)
	if own, ok := ctx.Deadline(); ok && own.Before(limit) {
		limit = own
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), limit)
	return ctx, cancel, nil
}
