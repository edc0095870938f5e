package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

type verdict string

const (
	pass   verdict = "pass"
	fail   verdict = "FAIL"
	notRun verdict = "not run"
)

type result struct {
	verdict verdict
	why     []string
	took    time.Duration
}

func (r result) String() string {
	switch r.verdict {
	case pass:
		return fmt.Sprintf("pass, %v", r.took.Round(time.Second))
	case "":
		return ""
	}
	return string(r.verdict) + ": " + strings.Join(r.why, "; ")
}

// A table has a row for each store and a column for each broker.
type table struct {
	rows, columns []string
	results       map[[2]string]result
}

func newTable(rows, columns []string) *table {
	return &table{rows: rows, columns: columns, results: map[[2]string]result{}}
}

func (t *table) set(row, column string, r result) { t.results[[2]string{row, column}] = r }

// String is the table with the reasons below it, each once.
func (t *table) String() string {
	var text strings.Builder
	var reasons []string
	fmt.Fprintf(&text, "%-14s", "state \\ pub/sub")
	for _, column := range t.columns {
		fmt.Fprintf(&text, " %-14s", column)
	}
	for _, row := range t.rows {
		fmt.Fprintf(&text, "\n%-15s", row)
		for _, column := range t.columns {
			r := t.results[[2]string{row, column}]
			cell := string(r.verdict)
			if r.verdict == pass {
				cell = r.String()
			}
			for _, why := range r.why {
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

func (t *table) failed() error {
	var names []string
	for at, r := range t.results {
		if r.verdict == fail {
			names = append(names, at[0]+"/"+at[1])
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return errors.New("failed on " + strings.Join(names, ", "))
}
