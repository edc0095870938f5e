package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// A timer that rings announces an event that orders can read, or is none of ours; and every timer that is set announces
// the very deadline it was set for.
func FuzzOnTime(f *testing.F) {
	for _, seed := range []string{"T-1.1767323045000", "T-1.0", "T-1.-1", "T-1.-62135596800000", "T-1.9223372036854775807", "T-1.-9223372036854775808", "T-1.253402300800000", "T-1", "T-1.", ".5", "", ".", "T-1.5.6", "T-1.1e3", "T-1.+5", "T-1.0x5", "T-1. 5", "\x00.1", "\xff.1", "a/b.7"} {
		f.Add(seed, "T-1", int64(1767323045000))
	}
	f.Fuzz(func(t *testing.T, rest, orderID string, millis int64) {
		ring := func(rest string) *events.Expiration {
			sidecar := &daprtest.Sidecar{}
			s := &server{timers: sidecar, publisher: sidecar}
			if err := s.onTime(t.Context(), rest); err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Fatalf("%q: %v is no refusal", rest, err)
				}
				return nil
			}
			said := sidecar.Published(events.ExpirationsTopic)
			if len(said) != 1 {
				t.Fatalf("%q announces %d events", rest, len(said))
			}
			var e events.Expiration
			if err := events.Read(events.Envelope{ID: said[0].ID, Type: said[0].Type, Data: said[0].Data}, &e); err != nil {
				t.Fatalf("%q announces what cannot be read: %s, %v", rest, said[0].Data, err)
			}
			return &e
		}
		ring(rest)

		if orderID == "" || strings.ContainsRune(orderID, '.') || !utf8.ValidString(orderID) || millis <= 0 || millis > latest {
			return // no order has such an id, and no event such a deadline
		}
		deadline := time.UnixMilli(millis)
		if e := ring(timerRest(orderID, deadline)); e == nil || e.OrderID != orderID || e.ExpiresAt.UnixMilli() != millis {
			t.Fatalf("the timer of %q for %v rings for %+v", orderID, deadline, e)
		}
	})
}
