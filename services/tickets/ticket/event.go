package ticket

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// EventID names what the ticket is for: tickets with the same title, start and venue are for the same event, however they
// are written. What has no start is an event by itself.
func (t *Ticket) EventID() string {
	if t.StartsAt.IsZero() {
		return t.ID
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s", Fold(t.Title), t.StartsAt.UnixMilli(), Fold(t.Venue)))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])
}

// Fold is s in lower case, with single spaces.
func Fold(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }
