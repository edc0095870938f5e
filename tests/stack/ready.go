package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// await returns when all of parts are healthy. It fails as soon as any part of the stack dies, and when ctx ends,
// in both cases naming the part and quoting the end of its log.
func (s *Stack) await(ctx context.Context, parts ...*part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type report struct {
		part *part
		err  error // of the last look; nil: healthy
	}
	reports := make(chan report)
	pending := map[*part]error{}
	for _, p := range parts {
		if p.health == nil {
			continue
		}
		pending[p] = errors.New("not asked yet")
		go func() {
			for {
				err := p.health(ctx)
				select {
				case reports <- report{p, err}:
				case <-ctx.Done():
					return
				}
				if err == nil {
					return
				}
				time.Sleep(pollEvery)
			}
		}()
	}

	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for len(pending) > 0 {
		select {
		case r := <-reports:
			if pending[r.part] = r.err; r.err == nil {
				delete(pending, r.part)
			}
		case <-look.C:
			if dead := s.died(); len(dead) > 0 {
				return dead[0]
			}
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return s.tooSlow(pending)
			}
			return errors.New("interrupted while starting")
		}
	}
	if dead := s.died(); len(dead) > 0 { // a service can answer once and die
		return dead[0]
	}
	return nil
}

// tooSlow names every part that is not healthy and quotes the log of the first.
func (s *Stack) tooSlow(pending map[*part]error) error {
	var first *part
	var reasons []string
	for _, p := range s.order {
		if err, ok := pending[p]; ok {
			if first == nil {
				first = p
			}
			reasons = append(reasons, fmt.Sprintf("%s (%s)", p.name, err))
		}
	}
	if first == nil {
		return errors.New("not healthy in time")
	}
	return fmt.Errorf("not healthy within %s: %s; the last lines of %s's log:\n%s",
		startLimit, strings.Join(reasons, ", "), first.name, tail(s.logFile(first), 15))
}
