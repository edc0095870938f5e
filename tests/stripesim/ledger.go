package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// entry is one line of the ledger: everything one call changed, whole objects as they are from then on,
// and the answer kept for it. A line is there whole or not at all, so a charge is never without its key.
type entry struct {
	Intents   []intent    `json:"intents,omitempty"`
	Charges   []charge    `json:"charges,omitempty"`
	Refunds   []refund    `json:"refunds,omitempty"`
	Events    []event     `json:"events,omitempty"`    // webhooks to deliver
	Delivered string      `json:"delivered,omitempty"` // the event that its receiver has acknowledged
	Later     []later     `json:"later,omitempty"`     // what has yet to happen to some of them
	Happened  string      `json:"happened,omitempty"`  // to whom it did
	Answer    *keptAnswer `json:"answer,omitempty"`
}

// ledger is the fold over the lines of its file. Only commit changes it, and the simulator's lock guards it.
type ledger struct {
	file *os.File
	size int64 // of the whole lines

	intents     map[string]intent
	charges     map[string]charge
	refunds     map[string]refund
	intentIDs   []string // oldest first
	refundIDs   []string
	chargesOf   map[string][]string // ids by intent, oldest first
	answers     map[string]keptAnswer
	undelivered map[string]event
	later       map[string]later // by whom it happens to
}

// openLedger reads ledger.jsonl in the folder, which it makes when there is none. A last line without its
// end was never answered, and is dropped. Any other line that cannot be read is an error, not a loss.
func openLedger(folder string) (*ledger, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(folder, "ledger.jsonl"), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{file: file, intents: map[string]intent{}, charges: map[string]charge{}, refunds: map[string]refund{},
		chargesOf: map[string][]string{}, answers: map[string]keptAnswer{}, undelivered: map[string]event{}, later: map[string]later{}}
	if err := l.replay(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", file.Name(), err), file.Close())
	}
	return l, nil
}

func (l *ledger) replay() error {
	content, err := os.ReadFile(l.file.Name())
	if err != nil {
		return err
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	number := 0
	for line := range bytes.Lines(content) {
		number++
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		l.apply(e)
	}
	l.size = int64(len(content))
	return l.file.Truncate(l.size)
}

// commit writes the entry and then applies it. When it fails nothing has changed. What is written
// survives the death of this process; a power cut may take the last seconds.
func (l *ledger) commit(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if string(line) == "{}\n" {
		return nil
	}
	if _, err := l.file.Write(line); err != nil {
		return errors.Join(err, l.file.Truncate(l.size)) // half a line would spoil the next one
	}
	l.size += int64(len(line))
	l.apply(e)
	return nil
}

func (l *ledger) apply(e entry) {
	for _, in := range e.Intents {
		if _, known := l.intents[in.ID]; !known {
			l.intentIDs = append(l.intentIDs, in.ID)
		}
		l.intents[in.ID] = in
	}
	for _, ch := range e.Charges {
		if _, known := l.charges[ch.ID]; !known {
			l.chargesOf[ch.Intent] = append(l.chargesOf[ch.Intent], ch.ID)
		}
		l.charges[ch.ID] = ch
	}
	for _, re := range e.Refunds {
		if _, known := l.refunds[re.ID]; !known {
			l.refundIDs = append(l.refundIDs, re.ID)
		}
		l.refunds[re.ID] = re
	}
	for _, ev := range e.Events {
		l.undelivered[ev.ID] = ev
	}
	delete(l.undelivered, e.Delivered)
	for _, due := range e.Later {
		l.later[due.ID] = due
	}
	delete(l.later, e.Happened)
	if e.Answer != nil {
		l.answers[e.Answer.Key] = *e.Answer
	}
}
