package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// listing is how tickets are listed when several sellers do nothing else.
type listing struct {
	PerS   float64 `json:"per_s"`
	P50MS  float64 `json:"p50_ms"`
	P99MS  float64 `json:"p99_ms"`
	Errors int     `json:"errors"` // every answer but 201
}

// sellers is how many list tickets at once, each as fast as they get answers.
const sellers = 8

// listings lists tickets as fast as they are taken.
func (b *bench) listings(ctx context.Context, m *market) (err error) {
	say("%d sellers list tickets", sellers)
	offering := func(from int) vegeta.Targeter {
		return numbered(http.MethodPost, func(i int) (string, string, string) {
			return m.URL + "/api/tickets", m.cookies[i%sellers], fmt.Sprintf(`{"title":%q,"price":20}`, title(from+i))
		})
	}
	if err := attack(ctx, http.StatusCreated, offering(0), until{time: time.Second}, nil, workers(sellers)); err != nil { // connections are made
		return err
	}
	var all vegeta.Metrics
	var l listing
	err = attack(ctx, http.StatusCreated, offering(0), until{time: b.browsing}, func(r *vegeta.Result) {
		all.Add(r)
		if r.Code != http.StatusCreated {
			l.Errors++
		}
	}, workers(sellers))
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		say("listing: %v", err)
	}
	all.Close()
	l.PerS, l.P50MS, l.P99MS = round(all.Throughput), ms(all.Latencies.Quantile(0.50)), ms(all.Latencies.Quantile(0.99))
	b.found.Listing = l
	return nil
}
