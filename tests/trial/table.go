// Package trial runs chosen tests on programs that were built once, and shows as a table where they passed.
package trial

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Verdict is what came of one run.
type Verdict string

const (
	Pass   Verdict = "pass"
	Fail   Verdict = "FAIL"
	NotRun Verdict = "not run"
)

// A Result is a verdict with its reasons.
type Result struct {
	Verdict Verdict
	Why     []string
	Took    time.Duration
}

// Timed is what try returns, with how long that took.
func Timed(try func() Result) Result {
	began := time.Now()
	r := try()
	r.Took = time.Since(began)
	return r
}

func (r Result) String() string {
	switch r.Verdict {
	case Pass:
		return fmt.Sprintf("pass, %v", r.Took.Round(time.Second))
	case "":
		return ""
	}
	return string(r.Verdict) + ": " + strings.Join(r.Why, "; ")
}

// A Table has a result for each row and column.
type Table struct {
	title         string // of rows and columns
	Rows, Columns []string
	results       map[[2]string]Result
}

// NewTable is a Table without results.
func NewTable(title string, rows, columns []string) *Table {
	return &Table{title: title, Rows: rows, Columns: columns, results: map[[2]string]Result{}}
}

// Set enters a result.
func (t *Table) Set(row, column string, r Result) { t.results[[2]string{row, column}] = r }

// String is the table with the reasons below it, each once.
func (t *Table) String() string {
	var text strings.Builder
	var reasons []string
	width := len(t.title)
	for _, row := range t.Rows {
		width = max(width, len(row))
	}
	fmt.Fprintf(&text, "%-*s", width, t.title)
	for _, column := range t.Columns {
		fmt.Fprintf(&text, " %-14s", column)
	}
	for _, row := range t.Rows {
		fmt.Fprintf(&text, "\n%-*s", width, row)
		for _, column := range t.Columns {
			r := t.results[[2]string{row, column}]
			cell := string(r.Verdict)
			if r.Verdict == Pass {
				cell = r.String()
			}
			for _, why := range r.Why {
				if !slices.Contains(reasons, why) {
					reasons = append(reasons, why)
				}
				cell += fmt.Sprintf(" (%d)", slices.Index(reasons, why)+1)
			}
			fmt.Fprintf(&text, " %-14s", cell)
		}
	}
	text.WriteString("\n")
	for i, why := range reasons {
		fmt.Fprintf(&text, "(%d) %s\n", i+1, why)
	}
	return text.String()
}

// Failed names what failed, nil when nothing did.
func (t *Table) Failed() error {
	var names []string
	for at, r := range t.results {
		if r.Verdict == Fail {
			names = append(names, at[0]+"/"+at[1])
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return errors.New("failed on " + strings.Join(names, ", "))
}
