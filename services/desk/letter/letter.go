// Package letter is what becomes of a dead letter: an event that a service could not handle. Pure rules.
package letter

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// Letter is a dead letter, from when its event died first. What was noted of it is added to and never changed.
type Letter struct {
	ID      string          `json:"id"`
	Service string          `json:"service"`           // that could not handle it
	Topic   string          `json:"topic,omitempty"`   // where it came from; "" when nothing says so
	EventID string          `json:"eventId,omitempty"` // as it was published first
	Type    string          `json:"type,omitempty"`
	Subject string          `json:"subject,omitempty"`
	Trace   string          `json:"trace,omitempty"`
	Why     string          `json:"why,omitempty"`  // as the service said it the last time
	Data    json.RawMessage `json:"data,omitempty"` // of the event, while somebody may want it replayed
	State   State           `json:"state"`
	Since   time.Time       `json:"since"` // it died the last time; no two times are the same
	Replays int             `json:"replays,omitempty"`
	Notes   []Note          `json:"notes"`
}

// State of a letter.
type State string

const (
	Waiting  State = "waiting"  // for an operator
	Replayed State = "replayed" // sent to its topic again; it waits once more if it dies again
	Dropped  State = "dropped"  // for good
)

// Note is one line of what happened to a letter.
type Note struct {
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"` // an operator's user id, "" for the service
	What  Step      `json:"what"`
	Words string    `json:"words,omitempty"`
}

// Step is what a note is of.
type Step string

const (
	Died   Step = "died"     // why it could not be handled
	SentOn Step = "replayed" // an operator had it sent to its topic again
	LetGo  Step = "dropped"  // an operator says that nobody needs it
)

const (
	mostNotes = 60       // then it can be dropped only
	mostData  = 64 << 10 // bytes; no event of ours is as large
	longest   = 500      // characters of what somebody else has written
	again     = "/again/"
)

// Arrival is a message on a dead-letter topic, read as far as it can be.
type Arrival struct {
	Letter     // but for what becomes of it
	Replay int // how often the letter had been replayed when its event died; -1 when it was another service's letter that was
}

// Read reads a message that service could not handle.
func Read(service string, message []byte) Arrival {
	var e events.Envelope
	if err := json.Unmarshal(message, &e); err != nil || e.ID == "" || e.Type == "" {
		return Arrival{Letter: Letter{ID: name(service, string(message)), Service: service, Why: or(clip(e.Why), "It is no event")}}
	}
	first, replay := origin(service, e.ID)
	l := Letter{Service: service, Topic: e.Topic, EventID: clip(first), Type: clip(e.Type), Subject: clip(e.Subject), Trace: clip(e.TraceParent), Why: clip(e.Why)}
	if l.Topic == "" || l.Topic == events.DeadTopic(service) {
		l.Topic = events.TopicOf(e.Type)
	}
	l.Topic = clip(l.Topic)
	l.ID = name(service, l.Topic, first)
	if len(e.Data) <= mostData {
		l.Data = e.Data
	}
	return Arrival{Letter: l, Replay: replay}
}

// Old tells whether an arrival is no news to the letter: it has come before.
func (l Letter) Old(a Arrival) bool {
	return l.ID != "" && (a.Replay < l.Replays || l.State != Replayed)
}

// Explained tells whether an arrival is the same again, and says why it died, which nobody has said yet.
func (l Letter) Explained(a Arrival) bool {
	return l.Old(a) && l.State == Waiting && a.Replay == l.Replays && l.Why == "" && a.Why != ""
}

// Arrive notes that the event has died, for the first time or again after a replay. The same again changes nothing, unless it
// says why.
func (l *Letter) Arrive(a Arrival, at time.Time) {
	switch {
	case l.Explained(a):
		l.Why = a.Why
		l.Notes[len(l.Notes)-1].Words = a.Why
		return
	case l.Old(a):
		return
	}
	was := *l
	*l = a.Letter
	l.State, l.Since, l.Replays = Waiting, at, max(was.Replays, a.Replay, 0)
	l.Notes = append(was.Notes, Note{At: at, What: Died, Words: l.Why})
}

// Replayable tells whether sending the event to its topic again can help: what is no event, or none of ours, comes back always.
func (l Letter) Replayable() bool {
	return l.Data != nil && l.Topic != "" && events.TopicOf(l.Type) == l.Topic && len(l.Notes) < mostNotes
}

// Replay sends the event to its topic again, once: Sent is the event then. It returns Refused for one that cannot be sent, or
// was dropped.
func (l *Letter) Replay(by string, at time.Time) error {
	switch {
	case l.State == Replayed:
		return nil
	case l.State == Dropped:
		return settled()
	case !l.Replayable():
		return fault.New(fault.Refused, "This is no event that could be sent again. Drop it")
	}
	l.Replays++
	l.end(Replayed, Note{At: at, By: by, What: SentOn})
	return nil
}

// Drop says that nobody needs the event, once. It returns Refused for one that was replayed.
func (l *Letter) Drop(by string, at time.Time) error {
	switch l.State {
	case Dropped:
		return nil
	case Replayed:
		return settled()
	}
	l.end(Dropped, Note{At: at, By: by, What: LetGo})
	return nil
}

func (l *Letter) end(s State, n Note) {
	n.At = n.At.Truncate(time.Millisecond)
	l.State, l.Data = s, nil
	l.Notes = append(l.Notes, n)
}

// Sent is the event that a replay has made of before, nil if after is none. Its id is new each time and for each service's letter: by
// an old one a broker may still know the event, and drop it.
func Sent(before, after Letter) []events.Event {
	if after.State != Replayed || before.State == Replayed {
		return nil
	}
	return []events.Event{{ID: fmt.Sprintf("%s%s%s-%d", after.EventID, again, after.Service, after.Replays), Type: after.Type, Topic: after.Topic, Subject: after.Subject, Data: before.Data}}
}

func settled() error {
	return fault.New(fault.Refused, "This is settled already").Named(fault.CaseSettled)
}

// origin is the id under which an event was published first, and how often the letter of service was replayed since, -1 if that was
// another's.
func origin(service, id string) (first string, replay int) {
	at := strings.LastIndex(id, again)
	if at < 0 {
		return id, 0
	}
	of, number, _ := strings.Cut(id[at+len(again):], "-")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > mostNotes {
		return id, 0
	}
	if of != service {
		n = -1
	}
	return id[:at], n
}

// name is the id of the letter about parts: the same for the same event, however often it dies.
func name(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}

func clip(words string) string {
	kept := []rune(strings.ToValidUTF8(words, ""))
	return string(kept[:min(len(kept), longest)])
}

func or(words, instead string) string {
	if words == "" {
		return instead
	}
	return words
}
