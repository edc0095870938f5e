package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logLine is one line of a service's log, as far as a story needs it.
type logLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Msg     string    `json:"msg"`
	Service string    `json:"service"`
	Trace   string    `json:"trace"`
	Request string    `json:"request"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Status  int       `json:"status"`
	MS      float64   `json:"ms"`
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	Order   string    `json:"order"`
	Payment string    `json:"payment"`
	Job     string    `json:"job"`
	Why     string    `json:"why"`
	Code    string    `json:"code"`
	Error   string    `json:"error"`

	raw string
}

// readLogs reads every service's log of this run and the one before, in the order of time.
func readLogs(folder string) ([]logLine, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.log*"))
	if err != nil {
		return nil, err
	}
	older, _ := filepath.Glob(filepath.Join(folder, "..", "..", ".dapr", "logs", "*_app_*.log")) // the pattern is well-formed
	var all []logLine
	read := map[string]bool{}
	for _, file := range slices.Concat(files, older) {
		real, err := filepath.EvalSymlinks(file)
		if err != nil || read[real] || strings.Contains(filepath.Base(file), "sidecar") || strings.HasPrefix(filepath.Base(file), "dapr.log") {
			continue // the CLI's repeats what the services say
		}
		read[real] = true
		if all, err = addLines(all, real); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b logLine) int { return a.Time.Compare(b.Time) })
	return all, nil
}

func addLines(all []logLine, file string) ([]logLine, error) {
	f, err := os.Open(file)
	if err != nil {
		return all, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at := strings.IndexByte(lines.Text(), '{') // the Dapr CLI puts the app's name before it
		if at < 0 {
			continue
		}
		l := logLine{raw: lines.Text()[at:]}
		if json.Unmarshal([]byte(l.raw), &l) == nil && l.Service != "" {
			all = append(all, l)
		}
	}
	return all, lines.Err()
}

// linesAbout are the lines that name one of ids, with those of the requests that led to them, and the traces they belong to.
func linesAbout(lines []logLine, ids []string) (mine []logLine, traces []string) {
	names := func(l logLine) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(l.raw, id) })
	}
	for _, l := range lines {
		if names(l) && l.Trace != "" && !isLook(l) && !slices.Contains(traces, l.Trace) {
			traces = append(traces, l.Trace)
		}
	}
	for _, l := range lines {
		led := l.Msg == "request" && slices.Contains(traces, l.Trace)
		if (led || names(l)) && !isLook(l) {
			mine = append(mine, l)
		}
	}
	return mine, traces
}

// isLook tells whether somebody only looked, or was only told.
func isLook(l logLine) bool {
	return l.Msg == "request" && (l.Method == "GET" || l.Method == "HEAD" || strings.HasPrefix(l.Path, "/events/"))
}

// tell puts lines into words. How long an event was on its way is counted from when its publisher knew it to be stored.
func tell(lines []logLine) []fact {
	said := map[string]time.Time{}
	for _, l := range lines {
		if _, known := said[l.ID]; l.Msg == "event published" && !known {
			said[l.ID] = l.Time
		}
	}
	var all []fact
	for _, l := range lines {
		all = append(all, fact{l.Time, l.Service, l.words(said)})
	}
	return all
}

func (l logLine) words(said map[string]time.Time) string {
	switch l.Msg {
	case "request":
		return fmt.Sprintf("%s %s: answered %d after %.0f ms (request %s)", l.Method, l.Path, l.Status, l.MS, l.Request)
	case "event published":
		return "says " + l.Type
	case "event handled":
		late := ""
		if at, known := said[l.ID]; known {
			late = fmt.Sprintf(", %d ms after it was said", max(0, l.Time.Sub(at).Milliseconds()))
		}
		return "has heard " + l.Type + late
	case "event not handled yet, asking for it again":
		return fmt.Sprintf("cannot handle %s yet: %s", l.Type, l.Error)
	case "event cannot be handled, sent to the dead letters":
		return fmt.Sprintf("GIVES UP %s, a dead letter now: %s", l.Type, l.Error)
	case "job done":
		return "job " + l.Job + " is done"
	case "needs a person":
		return "NEEDS A PERSON: " + l.Why
	}
	text := l.Msg
	for _, more := range []string{l.Type, l.Job, l.Why, l.Code, l.Error} {
		if more != "" {
			text += ": " + more
		}
	}
	if l.Level == "ERROR" {
		text = "ERROR " + text
	}
	return text
}
