// Package queue remembers for visitors who were refused when they first asked, so that they are let in before those who came
// later. What it remembers they carry themselves, signed.
package queue

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/recent"
)

// Kept is how long a place is kept for who does not come back.
const Kept = 90 * time.Second

// Places gives out places. Its methods may be called from several goroutines.
type Places struct {
	key  []byte
	now  clock.Now
	used *recent.Set // places by which somebody was let in
}

// Place is somebody's in the queue for one thing.
type Place struct {
	Arrived time.Time
	name    string // of this place and no other
}

// New is for all replicas that know secret.
func New(secret string, now clock.Now) *Places {
	key := sha256.Sum256([]byte("places in the queue " + secret))
	return &Places{key: key[:], now: now, used: recent.New(50_000)}
}

// Find is the place that a token names, a new one for a token that is none of ours, somebody else's, for something else, used up or not
// shown for too long.
func (p *Places) Find(token, who, what string) Place {
	now := p.now()
	fresh := Place{Arrived: now, name: rand.Text()}
	said, mac, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(mac), []byte(p.sign(said, who, what))) {
		return fresh
	}
	var arrived, seen int64
	var name string
	if n, err := fmt.Sscanf(said, "%d-%d-%s", &arrived, &seen, &name); n != 3 || err != nil {
		return fresh
	}
	if now.Sub(time.UnixMilli(seen)) > Kept || p.used.Has(name) {
		return fresh
	}
	return Place{time.UnixMilli(arrived), name}
}

// Keep is the token for a place of somebody who was just refused.
func (p *Places) Keep(place Place, who, what string) string {
	said := fmt.Sprintf("%d-%d-%s", place.Arrived.UnixMilli(), p.now().UnixMilli(), place.name)
	return said + "." + p.sign(said, who, what)
}

// Use takes in that somebody was let in by a place.
func (p *Places) Use(place Place) { p.used.Add(place.name) }

func (p *Places) sign(said, who, what string) string {
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%q %q %q", said, who, what)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
