// Package daprtest is a sidecar in memory, for tests that ring jobs, redeliver events and lose answers by hand. Its
// conformance suite holds it, and every real sidecar, to what this project relies on.
package daprtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// Sidecar implements dapr.Store, dapr.Publisher, dapr.Scheduler and dapr.Mailer. Its zero value is ready.
type Sidecar struct {
	Now        clock.Now                                   // by which documents end; nil: time.Now
	MailServer func(to, subject string, html []byte) error // takes mail, or says why not; nil: there is none, and mail is lost

	mu        sync.Mutex
	ends      map[string]time.Time // of keys with a ttl
	state     map[string]dapr.Item
	writes    int
	published []events.Event
	jobs      map[string]time.Time
	budget    *int // calls left until everything fails, nil for no end
	effective bool // whether the call at which it fails still takes effect
}

// errGone is what calls return after the sidecar died.
var errGone = errors.New("the sidecar is gone")

// DieAfter makes the sidecar die at the call after n more. effective says whether that call takes effect: then only its
// answer is lost.
func (s *Sidecar) DieAfter(n int, effective bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget, s.effective = &n, effective
}

// Revive undoes DieAfter.
func (s *Sidecar) Revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget = nil
}

// call runs do, unless the sidecar is dead.
func (s *Sidecar) call(ctx context.Context, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.budget == nil {
		return do()
	}
	*s.budget--
	switch {
	case *s.budget >= 0:
		return do()
	case *s.budget == -1 && s.effective:
		_ = do() // nobody hears how it ended
	}
	return errGone
}

// Load implements dapr.Store.
func (s *Sidecar) Load(ctx context.Context, key string) (item dapr.Item, err error) {
	err = s.call(ctx, func() error {
		s.forget(key)
		item = s.state[key]
		item.Value = slices.Clone(item.Value)
		return nil
	})
	return item, err
}

// LoadMany implements dapr.Store.
func (s *Sidecar) LoadMany(ctx context.Context, keys []string) ([]dapr.Item, error) {
	items := make([]dapr.Item, len(keys))
	for i, key := range keys {
		var err error
		if items[i], err = s.Load(ctx, key); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// Save implements dapr.Store.
func (s *Sidecar) Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error {
	return s.call(ctx, func() error {
		s.forget(key)
		if s.state[key].ETag != etag {
			return dapr.ErrLost
		}
		if s.state == nil {
			s.state, s.ends = map[string]dapr.Item{}, map[string]time.Time{}
		}
		s.writes++
		if ttl > 0 {
			s.ends[key] = s.now().Add(ttl)
		}
		s.state[key] = dapr.Item{Value: slices.Clone(value), ETag: strconv.Itoa(s.writes)}
		return nil
	})
}

// forget drops a key whose time is up.
func (s *Sidecar) forget(key string) {
	if end, ok := s.ends[key]; ok && s.now().After(end) {
		delete(s.state, key)
		delete(s.ends, key)
	}
}

func (s *Sidecar) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Keys returns the keys that have a value now, in order.
func (s *Sidecar) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.ends {
		s.forget(key)
	}
	return slices.Sorted(maps.Keys(s.state))
}

// Publish implements dapr.Publisher.
func (s *Sidecar) Publish(ctx context.Context, e events.Event) error {
	return s.call(ctx, func() error {
		s.published = append(s.published, e)
		return nil
	})
}

// Published returns what was published on a topic, oldest first, repeats included.
func (s *Sidecar) Published(topic string) []events.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []events.Event
	for _, e := range s.published {
		if e.Topic == topic {
			out = append(out, e)
		}
	}
	return out
}

// Schedule implements dapr.Scheduler.
func (s *Sidecar) Schedule(ctx context.Context, name string, due time.Time) error {
	return s.call(ctx, func() error {
		if s.jobs == nil {
			s.jobs = map[string]time.Time{}
		}
		s.jobs[name] = due
		return nil
	})
}

// Unschedule implements dapr.Scheduler.
func (s *Sidecar) Unschedule(ctx context.Context, name string) error {
	return s.call(ctx, func() error {
		delete(s.jobs, name)
		return nil
	})
}

// SendMail implements dapr.Mailer. What MailServer returns is that server's answer.
func (s *Sidecar) SendMail(ctx context.Context, to, subject string, html []byte) error {
	return s.call(ctx, func() error {
		if s.MailServer == nil {
			return nil
		}
		if err := s.MailServer(to, subject, html); err != nil {
			return fmt.Errorf("%w: %w", dapr.ErrNotTaken, err)
		}
		return nil
	})
}

// HasMailServer implements dapr.Mailer.
func (s *Sidecar) HasMailServer(ctx context.Context) (bool, error) {
	return s.MailServer != nil, s.call(ctx, func() error { return nil })
}

// Jobs returns what is scheduled and when it is due.
func (s *Sidecar) Jobs() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]time.Time{}
	for name, due := range s.jobs {
		out[name] = due
	}
	return out
}
