// Package clock tells the time, waits, and writes times for others: RFC 3339, UTC, always with milliseconds.
package clock

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// layout is the one form in which times leave this system.
const layout = "2006-01-02T15:04:05.000Z07:00"

// Now tells the time. It is handed in, once, in main, so that tests can move it.
type Now func() time.Time

// Wait lets d pass. It returns false when ctx ended first.
func Wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// Time is a time.Time that marshals in layout.
type Time struct{ time.Time }

// At writes t for others.
func At(t time.Time) Time { return Time{t.UTC()} }

func (t Time) String() string { return t.UTC().Format(layout) }

// MarshalJSON writes layout.
func (t Time) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, t.String()), nil }

// UnmarshalJSON reads RFC 3339. It refuses a time that layout cannot write again: a zone can push one out of the years
// 1 to 9999.
func (t *Time) UnmarshalJSON(raw []byte) error {
	var read time.Time
	if err := read.UnmarshalJSON(raw); err != nil {
		return err
	}
	if y := read.UTC().Year(); y < 1 || y > 9999 {
		return errors.New("a time outside the years 1 to 9999")
	}
	t.Time = read
	return nil
}
