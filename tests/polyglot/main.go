// Command polyglot is behind `make polyglot`: it runs the tests of each stand-in of this folder, puts it in the place of the
// Go service for the journeys and then five rounds of chaos, and prints which passed. ONLY=expiration-python runs one, ONLY=expiration all
// of one service.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"marketplace/tests/stack"
	"marketplace/tests/trial"
)

// The journeys, what comes twice, late or not at all, and who may come in.
var chosen = []string{
	"TestBuyATicket", "TestHundredBuyers", "TestLostAnswers", "TestPayment", "TestPaymentAgainstTheDeadline",
	"TestOrderExpires", "TestOrderExpiresWithoutItsTimer", "TestOrderExpiresThoughItsTimerIsLost", "TestExpirationIsWhatItsContractSays",
	"TestRedelivery", "TestRestart", "TestTwoOfEach", "TestInterruptedDelivery", "TestInterruptedTimer", "TestDeadLetters", "TestPoison",
	"TestClosedDoors", "TestSubscribersAreThoseWhoSubscribe",
}

const (
	ownLimit     = 5 * time.Minute
	storiesLimit = 15 * time.Minute // for one stand-in
	chaosLimit   = 10 * time.Minute
)

// attacked are the parts that chaos takes away, once each: the stand-in, and what it leans on.
var attacked = map[string][]string{
	"expiration": {"expiration", "expiration-sidecar", "scheduler", "nats", "orders"},
	"payments":   {"payments", "payments-sidecar", "scheduler", "nats", "stripe"},
}

func main() { trial.Main("polyglot", run) }

// run tries each stand-in; one that cannot be run here is no failure.
func run(ctx context.Context, p trial.Programs) (*trial.Table, error) {
	names, err := standIns(p.Root, os.Getenv("ONLY"))
	if err != nil {
		return nil, err
	}
	if err := p.Compile(ctx); err != nil {
		return nil, err
	}
	chaos := filepath.Join(p.Dir, "chaos")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", chaos, "./tests/chaos").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	const own, stories, storm = "own tests", "stories", "chaos"
	t := trial.NewTable("stand-in", names, []string{own, stories, storm})
	for _, name := range names {
		service, language, _ := strings.Cut(name, "-")
		env := []string{strings.ToUpper(service) + "=" + language}
		one := stack.Options{Root: p.Root, Bin: p.Bin(), StandIns: map[string]string{service: language}, Log: os.Stdout}
		missing := one.Missing()
		for _, c := range []struct {
			column string
			try    func() trial.Result
		}{
			{own, func() trial.Result { return ownTests(ctx, p, name, one) }},
			{stories, func() trial.Result { return p.Stories(ctx, name, storiesLimit, chosen, env) }},
			{storm, func() trial.Result {
				rounds := []string{"ROUNDS=5", "PARTS=" + strings.Join(attacked[service], ",")}
				out, log, err := p.Run(ctx, name+"-chaos", chaosLimit, p.Root, append(env, rounds...), chaos)
				if err != nil {
					return trial.Result{Verdict: trial.Fail, Why: append(violations(out), "see "+log)}
				}
				return trial.Result{Verdict: trial.Pass}
			}},
		} {
			r := trial.Result{Verdict: trial.NotRun}
			if missing != nil {
				r.Why = []string{missing.Error()}
			} else if ctx.Err() == nil {
				r = trial.Timed(c.try)
			}
			fmt.Printf("%-22s %-9s %v\n", name, c.column, r)
			t.Set(name, c.column, r)
		}
	}
	return t, nil
}

// ownTests runs those in a stand-in's folder, if it has any.
func ownTests(ctx context.Context, p trial.Programs, name string, one stack.Options) trial.Result {
	args, dir, err := one.StandInTests(ctx)
	switch {
	case err != nil:
		return trial.Result{Verdict: trial.Fail, Why: []string{err.Error()}}
	case args == nil:
		return trial.Result{Verdict: trial.NotRun, Why: []string{"it has none"}}
	}
	if _, log, err := p.Run(ctx, name+"-own", ownLimit, dir, nil, args...); err != nil {
		return trial.Result{Verdict: trial.Fail, Why: []string{"see " + log}}
	}
	return trial.Result{Verdict: trial.Pass}
}

// standIns are the folders beside this file whose names begin with only.
func standIns(root, only string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, "tests", "polyglot", only+"*", "Dockerfile"))
	if err != nil {
		return nil, err
	}
	for i, path := range found {
		found[i] = filepath.Base(filepath.Dir(path))
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no stand-in's name begins with %q", only)
	}
	slices.Sort(found)
	return found, nil
}

// violations are the lines in which chaos says what was broken.
func violations(out string) (lines []string) {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "VIOLATION") || strings.HasPrefix(line, "chaos:") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
