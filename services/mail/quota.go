package main

import (
	"slices"
	"sync"
	"time"

	"marketplace/shared/clock"
)

const (
	// seldomer is by how much less is sent to who has not shown that an address is his: it may be a stranger's, who has asked
	// for nothing.
	seldomer      = 10
	anHour        = time.Hour
	mostAddresses = 100_000 // that are remembered; more than write in an hour
)

// quota counts what was sent to whom lately. It counts by address: whoever signs up with a stranger's, deletes the account and
// signs up again gets no further mails sent there. It is in memory: a restart begins anew.
type quota struct {
	most  int // in an hour, to a verified address
	now   clock.Now
	mu    sync.Mutex
	sent  map[string][]mailing // by address, oldest first
	swept time.Time
}

type mailing struct {
	id string
	at time.Time
}

func newQuota(most int, now clock.Now) *quota {
	return &quota{most: most, now: now, sent: map[string][]mailing{}}
}

// take counts one mail to an account's address, and a repetition of it once. It returns how long to wait where there were enough.
func (q *quota) take(to account, id string) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	q.sweep(now)
	lately := slices.DeleteFunc(q.sent[to.Email], func(m mailing) bool { return now.Sub(m.at) >= anHour })
	most := q.most
	if !to.Verified {
		most /= seldomer
	}
	switch {
	case slices.ContainsFunc(lately, func(m mailing) bool { return m.id == id }):
	case len(lately) >= most:
		q.sent[to.Email] = lately
		return lately[len(lately)-most].at.Add(anHour).Sub(now)
	default:
		lately = append(lately, mailing{id, now})
	}
	q.sent[to.Email] = lately
	return 0
}

// sweep forgets, once an hour or when there are too many.
func (q *quota) sweep(now time.Time) {
	if now.Sub(q.swept) < anHour && len(q.sent) < mostAddresses {
		return
	}
	q.swept = now
	for address, all := range q.sent {
		if len(all) == 0 || now.Sub(all[len(all)-1].at) >= anHour {
			delete(q.sent, address)
		}
	}
}
