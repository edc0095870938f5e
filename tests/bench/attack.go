package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// attack sends requests at a pace, whatever the answers take, and hands each answer to see (nil: nobody looks). It ends
// with the pace. Its error tells of the first answer that had another status than wanted.
func attack(ctx context.Context, wanted int, targets vegeta.Targeter, pace vegeta.Pacer, see func(*vegeta.Result), options ...func(*vegeta.Attacker)) error {
	attacker := vegeta.NewAttacker(options...)
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	var err error
	for r := range attacker.Attack(targets, pace, 0, "") {
		if int(r.Code) != wanted && err == nil {
			err = fmt.Errorf("%s %s: %d %s %.200s", r.Method, r.URL, r.Code, r.Error, r.Body)
		}
		if see != nil {
			see(r)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// workers send as many requests as they get answers, in a closed loop.
func workers(n uint64) func(*vegeta.Attacker) {
	return func(a *vegeta.Attacker) {
		vegeta.Workers(n)(a)
		vegeta.MaxWorkers(n)(a)
	}
}

// until is a pace that ends after n requests, or after some time; 0 is no limit. At a rate of 0 it is as fast as there are workers.
type until struct {
	perSecond int
	n         int
	time      time.Duration
}

func (u until) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if u.n > 0 && hits >= uint64(u.n) || u.time > 0 && elapsed >= u.time {
		return 0, true
	}
	return vegeta.Rate{Freq: u.perSecond, Per: time.Second}.Pace(elapsed, hits)
}

func (u until) Rate(time.Duration) float64 { return float64(u.perSecond) }

// numbered are targets made from their number, which begins with 0.
func numbered(method string, target func(i int) (url, session, body string)) vegeta.Targeter {
	var next atomic.Int64
	return func(t *vegeta.Target) error {
		url, session, body := target(int(next.Add(1)) - 1)
		*t = vegeta.Target{Method: method, URL: url, Header: head(session), Body: []byte(body)}
		return nil
	}
}

func head(session string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if session != "" {
		h.Set("Cookie", session)
	}
	return h
}
