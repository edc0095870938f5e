package main

import (
	"context"
	"errors"
)

// usual is the share of all traces that is kept by default.
const usual = "0.05"

// tracing compares the cost of a purchase with and without traces: two marketplaces beside each other that trade in turn.
// What Zipkin takes is in neither.
func (b *bench) tracing(parent context.Context) (err error) {
	if err := b.prepare(parent); err != nil {
		return err
	}
	markets := map[bool]*market{}
	ctx := parent
	for _, traced := range []bool{false, true} {
		name := "untraced"
		if b.Traces = ""; traced {
			name, b.Traces = "traced", usual
		}
		began, s, err := b.start(ctx, name, "bin", map[string]string{"HOLDS_PER_BUYER": "0"})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Stop()) }()
		ctx = began
		if markets[traced], err = openMarket(ctx, s); err != nil {
			return err
		}
	}
	return b.inTurn(ctx, "traced", func(traced bool) (*market, error) { return markets[traced], nil })
}
