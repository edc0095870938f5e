// Package clock is how times are written for others: RFC 3339, UTC, always with milliseconds.
package clock

import (
	"strconv"
	"time"
)

// Layout is the one form in which times leave this system.
const Layout = "2006-01-02T15:04:05.000Z07:00"

// Now tells the time. It is handed in, once, in main, so that tests can move it.
type Now func() time.Time

// Time is a time.Time that marshals in Layout.
type Time struct{ time.Time }

// At writes t for others.
func At(t time.Time) Time { return Time{t.UTC()} }

func (t Time) String() string { return t.UTC().Format(Layout) }

// MarshalJSON writes Layout.
func (t Time) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, t.String()), nil }
