// Package alarms holds the rules of k8s/choices/monitoring to what they promise: on made-up figures with Prometheus' own
// test tool, and on a market that is broken on purpose.
package alarms

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"marketplace/tests/stack"
)

// rule is one that has a name to be called by in the night.
type rule struct {
	Alert, Expr string
	Labels      struct{ Severity string }
	Annotations struct{ Summary string }
}

func alerts(t *testing.T) (all []rule) {
	t.Helper()
	text, err := stack.Rules("../..", 1)
	require.NoError(t, err)
	var file struct {
		Groups []struct{ Rules []rule }
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				all = append(all, r)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// promtool runs Prometheus' own tool; whoever has not installed it learns what to install.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// The rules fire for what they are for, in their time, and for nothing else.
func TestRules(t *testing.T) {
	dir := t.TempDir()
	for _, hurry := range []int{1, 60} { // as they are, and as a test of a running market has them
		rules, err := stack.Rules("../..", hurry)
		require.NoError(t, err)
		file := filepath.Join(dir, "rules.yaml")
		require.NoError(t, os.WriteFile(file, rules, 0o600))
		promtool(t, "check", "rules", file)
		if hurry > 1 {
			continue
		}
		require.NoError(t, os.CopyFS(dir, os.DirFS("testdata")))
		promtool(t, "test", "rules", filepath.Join(dir, "cases.yaml"), filepath.Join(dir, "days.yaml"))
	}
}

// Who is woken finds under the alarm's name what to do, and nothing there is of an alarm that is gone. Each is tested.
func TestEveryAlarmHasALineInTheRunbook(t *testing.T) {
	readme, err := os.ReadFile("../../k8s/README.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(readme), "\n## What to watch\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var cases []byte
	for _, file := range []string{"testdata/cases.yaml", "testdata/days.yaml"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		cases = append(cases, text...)
	}
	var names, lines []string
	for _, r := range alerts(t) {
		names = append(names, r.Alert)
		assert.Contains(t, []string{"page", "ticket"}, r.Labels.Severity, r.Alert)
		assert.NotEmpty(t, r.Annotations.Summary, r.Alert)
		assert.Contains(t, string(cases), "alertname: "+r.Alert+"\n", "no test sees it fire")
	}
	for _, line := range regexp.MustCompile("(?m)^\\| `([A-Z]\\w+)` \\|").FindAllStringSubmatch(table, -1) {
		lines = append(lines, line[1])
	}
	assert.ElementsMatch(t, slices.Compact(names), lines) // one may have two reasons, side by side
}
