package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// received is a mail as it came.
type received struct {
	ID     int       `json:"id"` // 1 is the first
	At     time.Time `json:"at"`
	From   string    `json:"from"` // of the envelope
	To     []string  `json:"to"`   // likewise
	Source string    `json:"source"`
}

// box keeps what was received, a file each.
type box struct {
	dir  string
	mu   sync.Mutex
	all  []received
	next int
}

func openBox(dir string) (*box, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	b := &box{dir: dir, next: 1}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var m received
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		b.all, b.next = append(b.all, m), m.ID+1
	}
	return b, nil
}

func (b *box) file(id int) string { return filepath.Join(b.dir, fmt.Sprintf("%08d.json", id)) }

// add keeps a mail, or nothing of it.
func (b *box) add(from string, to []string, source []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := received{ID: b.next, At: time.Now().UTC(), From: from, To: slices.Clone(to), Source: string(source)}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.file(m.ID)+".new", text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(b.file(m.ID)+".new", b.file(m.ID)); err != nil {
		return err
	}
	b.all, b.next = append(b.all, m), b.next+1
	return nil
}

// list is what was received, oldest first; of one address when to is not "".
func (b *box) list(to string) []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []received
	for _, m := range b.all {
		if to == "" || slices.ContainsFunc(m.To, func(a string) bool { return strings.EqualFold(a, to) }) {
			found = append(found, m)
		}
	}
	return found
}

// find is one mail.
func (b *box) find(id int) (received, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.all, func(m received) bool { return m.ID == id })
	if i < 0 {
		return received{}, false
	}
	return b.all[i], true
}

// empty forgets all. Numbers go on.
func (b *box) empty() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.all {
		if err := os.Remove(b.file(m.ID)); err != nil {
			return err
		}
	}
	b.all = nil
	return nil
}
