package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"marketplace/tests/stack"
)

// Main is that of a command that tries one thing in many ways: it prints the table that try returns, and ends with 1 when
// something in it failed.
func Main(name string, try func(context.Context, Programs) (*Table, error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := os.Getwd()
	if err == nil {
		var t *Table
		if t, err = try(ctx, Programs{Root: root, Dir: filepath.Join(root, ".local", "trial", name)}); err == nil {
			fmt.Printf("\n%s", t)
			err = t.Failed()
		}
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Programs are the services, the card network and the tests, built once for all runs.
type Programs struct {
	Root string // the repository
	Dir  string // holds them, and the log of each run
}

// Bin is the folder with the services.
func (p Programs) Bin() string { return filepath.Join(p.Dir, "bin") }

// Compile builds them.
func (p Programs) Compile(ctx context.Context) error {
	fmt.Println("building ...")
	if err := stack.BuildTo(ctx, p.Root, p.Bin()); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", filepath.Join(p.Dir, "tests"), "./tests")
	cmd.Dir = p.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests: %w\n%s", err, out)
	}
	return nil
}

// Hashes returns a line for each service.
func (p Programs) Hashes() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(p.Bin(), "*"))
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		lines = append(lines, fmt.Sprintf("  %-12s %s", filepath.Base(file), hex.EncodeToString(sum[:])))
	}
	return lines, nil
}

// Stories runs the chosen tests with env over the environment. All of them must pass; one that is skipped does not.
func (p Programs) Stories(ctx context.Context, name string, limit time.Duration, chosen, env []string) Result {
	out, log, err := p.Run(ctx, name, limit, filepath.Join(p.Root, "tests"), append(env, "SERVICES="+p.Bin()),
		filepath.Join(p.Dir, "tests"), "-test.v", "-test.timeout", limit.String(), "-test.run", "^("+strings.Join(chosen, "|")+")$")
	passed, failed := count(out)
	if err == nil && len(passed) == len(chosen) {
		return Result{Verdict: Pass}
	}
	why := failed
	for _, name := range chosen {
		if !slices.Contains(passed, name) && !slices.Contains(failed, name) {
			why = append(why, name+" did not run")
		}
	}
	return Result{Verdict: Fail, Why: append(why, "see "+log)}
}

// Run runs a command in a folder and keeps what it says in a log called name. When ctx or limit ends it is asked to stop.
func (p Programs) Run(ctx context.Context, name string, limit time.Duration, dir string, env []string, args ...string) (out, log string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute // its stacks stop by themselves when it is gone
	raw, err := cmd.CombinedOutput()
	log = filepath.Join(p.Dir, name+".log")
	if writeErr := os.WriteFile(log, raw, 0o644); writeErr != nil {
		return string(raw), log, writeErr
	}
	return string(raw), log, err
}

var outcome = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+)`)

// count returns the tests that passed and those that did not.
func count(out string) (passed, failed []string) {
	for _, m := range outcome.FindAllStringSubmatch(out, -1) {
		if m[1] == "PASS" {
			passed = append(passed, m[2])
		} else {
			failed = append(failed, m[2])
		}
	}
	return passed, failed
}
