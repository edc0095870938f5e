package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what the program makes.
func TestCommittedDashboardsAreTheProgramsOwn(t *testing.T) {
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(made()) {
		t.Errorf("%d files are committed, %d are made", len(files), len(made()))
	}
	for name, text := range made() {
		committed, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(committed) != string(text) {
			t.Errorf("%s is not what the program makes: go run -C tests/dashboards .", name)
		}
	}
}

type panel struct {
	ID                       int
	Title, Type, Description string
	Targets                  []struct{ Expr, RefID string }
	GridPos                  struct{ X, Y int }
}

// Each panel says what it shows, has a place of its own, and asks what Prometheus understands.
func TestPanels(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	rules := "groups:\n  - name: panels\n    rules:\n"
	asked := 0
	for name, text := range made() {
		var board struct{ Panels []panel }
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatal(err)
		}
		titles, places := map[string]bool{}, map[string]string{}
		for _, p := range board.Panels {
			if titles[p.Title] || p.Title == "" {
				t.Errorf("%s: a title twice, or none: %q", name, p.Title)
			}
			titles[p.Title] = true
			place := fmt.Sprint(p.GridPos.X, " ", p.GridPos.Y)
			if other := places[place]; other != "" {
				t.Errorf("%s: %q lies on %q", name, p.Title, other)
			}
			places[place] = p.Title
			if p.ID == 0 || p.Type != "row" && (len(p.Targets) == 0 || p.Description == "") {
				t.Errorf("%s: %q asks nothing, says nothing of itself or has no number", name, p.Title)
			}
			for i, target := range p.Targets {
				if target.RefID != string(rune('A'+i)) {
					t.Errorf("%s: %q asks twice under one name", name, p.Title)
				}
				asked++
				expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")
				rules += fmt.Sprintf("      - record: panel_%d\n        expr: %s\n", asked, quote(expr))
			}
		}
	}
	file := filepath.Join(t.TempDir(), "panels.yaml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "check", "rules", file).CombinedOutput(); err != nil || asked < 30 {
		t.Errorf("%d questions: %v\n%s", asked, err, out)
	}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
