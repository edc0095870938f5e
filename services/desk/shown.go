package main

import (
	"marketplace/services/desk/letter"
	"marketplace/shared/clock"
)

// shownLetter is a dead letter as operators see it. What is in the event is not shown.
type shownLetter struct {
	ID         string       `json:"id"`
	Service    string       `json:"service"`
	Topic      string       `json:"topic,omitempty"`
	EventID    string       `json:"eventId,omitempty"`
	Type       string       `json:"type,omitempty"`
	Subject    string       `json:"subject,omitempty"`
	Trace      string       `json:"trace,omitempty"`
	Why        string       `json:"why,omitempty"`
	State      letter.State `json:"state"`
	Since      clock.Time   `json:"since"`
	Replayable bool         `json:"replayable"`
	Replays    int          `json:"replays"`
	Notes      []shownNote  `json:"notes"`
}

// shownNote is a line of what was done.
type shownNote struct {
	At    clock.Time  `json:"at"`
	By    string      `json:"by,omitempty"` // an operator's user id
	What  letter.Step `json:"what"`
	Words string      `json:"words,omitempty"`
}

func shown(l letter.Letter) shownLetter {
	return shownLetter{ID: l.ID, Service: l.Service, Topic: l.Topic, EventID: l.EventID, Type: l.Type, Subject: l.Subject, Trace: l.Trace, Why: l.Why,
		State: l.State, Since: clock.At(l.Since), Replayable: l.State == letter.Waiting && l.Replayable(), Replays: l.Replays, Notes: notes(l.Notes)}
}

func notes(all []letter.Note) []shownNote {
	out := []shownNote{}
	for _, n := range all {
		out = append(out, shownNote{clock.At(n.At), n.By, n.What, n.Words})
	}
	return out
}
