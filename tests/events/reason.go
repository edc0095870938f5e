package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// report is what a service's log says about an event that it could not handle.
type report struct {
	ID    string `json:"id"`
	Topic string `json:"topic"`
	Trace string `json:"trace"`
	Error string `json:"error"`
}

// reason looks up why a message died: the last thing that the service's log says about it, or what is plainly wrong with it.
func (b *bench) reason(service string, m message) report {
	var last report
	files, _ := filepath.Glob(filepath.Join(b.logs(), service+"*.log")) // the pattern is well-formed
	for _, file := range files {
		if strings.Contains(filepath.Base(file), "sidecar") {
			continue
		}
		if said, ok := search(file, m.Event.ID); ok {
			last = said
		}
	}
	if last.Error == "" {
		last.Error = unreadable(m.Data)
	}
	return last
}

// search finds the last line of a log that blames the event called id.
func search(file, id string) (last report, found bool) {
	f, err := os.Open(file)
	if err != nil || id == "" {
		return last, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, line, _ := strings.Cut(lines.Text(), "{") // the Dapr CLI puts the app's name before it
		var said report
		if json.Unmarshal([]byte("{"+line), &said) == nil && said.ID == id && said.Error != "" {
			last, found = said, true
		}
	}
	return last, found
}

func (b *bench) logs() string { return filepath.Join(b.dir, ".local", "logs") }
