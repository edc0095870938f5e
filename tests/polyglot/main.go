// Command polyglot is behind `make polyglot`: it puts each stand-in of this folder in the place of the Go service, runs the
// journeys and then five rounds of chaos, and prints which passed. ONLY=expiration-python runs one, ONLY=expiration all
// of one service.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"marketplace/tests/stack"
	"marketplace/tests/trial"
)

// The journeys, what comes twice, late or not at all, and who may come in.
var chosen = []string{
	"TestBuyATicket", "TestHundredBuyers", "TestPayment", "TestPaymentAgainstTheDeadline",
	"TestOrderExpires", "TestOrderExpiresWithoutItsTimer", "TestExpirationIsWhatItsContractSays",
	"TestRedelivery", "TestRestart", "TestTwoOfEach", "TestInterruptedDelivery", "TestInterruptedTimer", "TestDeadLetters", "TestPoison",
	"TestClosedDoors", "TestSubscribersAreThoseWhoSubscribe",
}

const (
	storiesLimit = 15 * time.Minute // for one stand-in
	chaosLimit   = 10 * time.Minute
)

// attacked are the parts that chaos takes away, once each: the stand-in, and what it leans on.
var attacked = map[string][]string{
	"expiration": {"expiration", "expiration-sidecar", "scheduler", "nats", "orders"},
	"payments":   {"payments", "payments-sidecar", "scheduler", "nats", "stripe"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "polyglot:", err)
		os.Exit(1)
	}
}

// run fails when a stand-in does, not when one cannot be run here.
func run(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	p := trial.Programs{Root: root, Dir: filepath.Join(root, ".local", "trial")}
	names, err := standIns(root, os.Getenv("ONLY"))
	if err != nil {
		return err
	}
	if err := p.Compile(ctx); err != nil {
		return err
	}
	chaos := filepath.Join(p.Dir, "chaos")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", chaos, "./tests/chaos").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	const stories, storm = "stories", "chaos"
	t := trial.NewTable("stand-in", names, []string{stories, storm})
	for _, name := range names {
		service, language, _ := strings.Cut(name, "-")
		env := []string{strings.ToUpper(service) + "=" + language}
		missing := stack.Options{Root: root, Bin: p.Bin(), StandIns: map[string]string{service: language}}.Missing()
		for _, c := range []struct {
			column string
			try    func() trial.Result
		}{
			{stories, func() trial.Result { return p.Stories(ctx, name, storiesLimit, chosen, env) }},
			{storm, func() trial.Result {
				rounds := []string{"ROUNDS=5", "PARTS=" + strings.Join(attacked[service], ",")}
				out, log, err := p.Run(ctx, name+"-chaos", chaosLimit, root, append(env, rounds...), chaos)
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
			fmt.Printf("%-22s %-8s %v\n", name, c.column, r)
			t.Set(name, c.column, r)
		}
	}
	fmt.Printf("\n%s", t)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return t.Failed()
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
