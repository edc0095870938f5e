// Command swap is behind `make swap`: it runs the same tests, on the same binaries, on every store and broker that this
// machine can start, and prints which passed. ONLY=redis/rabbitmq runs one combination, ONLY=redis/ all on one store.
package main

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

// The journey, the race, redelivery, restart and what only a store or a broker can promise.
var chosen = []string{
	"TestBuyATicket", "TestHundredBuyers", "TestRedelivery", "TestRestart", "TestOrderExpires",
	"TestTheRealSidecarIsAStore", "TestInterruptedDelivery", "TestPausedService", "TestDeadLetters", "TestPoison", "TestServersCrash",
}

const limit = 15 * time.Minute // for one combination

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "swap:", err)
		os.Exit(1)
	}
}

// run fails when a combination does, not when one cannot be run here.
func run(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	s := swap{root: root, dir: filepath.Join(root, ".local", "swap"), only: os.Getenv("ONLY")}
	if err := s.compile(ctx); err != nil {
		return err
	}
	before, err := s.hashes()
	if err != nil {
		return err
	}
	t := newTable(folders(root, "state"), folders(root, "pubsub"))
	for _, state := range t.rows {
		for _, pubsub := range t.columns {
			if name := state + "/" + pubsub; strings.HasPrefix(name, s.only) && ctx.Err() == nil {
				fmt.Printf("%-22s ", name)
				began := time.Now()
				r := s.try(ctx, state, pubsub)
				r.took = time.Since(began)
				fmt.Println(r)
				t.set(state, pubsub, r)
			}
		}
	}
	after, err := s.hashes()
	if err != nil {
		return err
	}
	if !slices.Equal(before, after) {
		return errors.New("the binaries have changed in between: the results are worth nothing")
	}
	fmt.Printf("\n%s\nThe same binaries everywhere (SHA-256):\n%s\n", t, strings.Join(after, "\n"))
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return t.failed()
}

type swap struct{ root, dir, only string }

func (s swap) bin() string { return filepath.Join(s.dir, "bin") }

// compile builds services and tests, once for all combinations.
func (s swap) compile(ctx context.Context) error {
	fmt.Println("building ...")
	for _, args := range [][]string{
		{"build", "-o", s.bin() + "/", "./services/...", "./tests/stripesim"},
		{"test", "-c", "-o", filepath.Join(s.dir, "tests"), "./tests"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = s.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// hashes returns a line for each service.
func (s swap) hashes() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(s.bin(), "*"))
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

// folders are the choices of a kind in components/.
func folders(root, kind string) []string {
	found, _ := filepath.Glob(filepath.Join(root, "components", kind+"-*"))
	for i, path := range found {
		found[i] = strings.TrimPrefix(filepath.Base(path), kind+"-")
	}
	return found
}

// try runs the tests on one combination.
func (s swap) try(ctx context.Context, state, pubsub string) result {
	options := stack.Options{Root: s.root, Bin: s.bin(), State: state, PubSub: pubsub}
	if missing := options.Missing(); missing != nil {
		r := result{verdict: notRun, why: strings.Split(missing.Error(), "\n")}
		for _, folder := range []string{"state-" + state, "pubsub-" + pubsub} {
			if secrets := unserved[folder]; secrets != "" {
				if err := s.reach(ctx, folder, secrets); err != nil {
					return result{verdict: fail, why: []string{err.Error()}}
				}
				r.why = append(r.why, "a sidecar understands components/"+folder+" and gets as far as the connection")
			}
		}
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.dir, "tests"), "-test.v", "-test.timeout", limit.String(),
		"-test.run", "^("+strings.Join(chosen, "|")+")$")
	cmd.Dir = filepath.Join(s.root, "tests")
	cmd.Env = append(os.Environ(), "STATE="+state, "PUBSUB="+pubsub, "SERVICES="+s.bin())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute // its stacks stop by themselves when it is gone
	out, err := cmd.CombinedOutput()
	log := filepath.Join(s.dir, state+"-"+pubsub+".log")
	if err := os.WriteFile(log, out, 0o644); err != nil {
		return result{verdict: fail, why: []string{err.Error()}}
	}
	passed, failed := count(string(out))
	if err == nil && len(passed) == len(chosen) {
		return result{verdict: pass}
	}
	r := result{verdict: fail, why: failed}
	for _, name := range chosen {
		if !slices.Contains(passed, name) && !slices.Contains(failed, name) {
			r.why = append(r.why, name+" did not run")
		}
	}
	return result{verdict: fail, why: append(r.why, "see "+log)}
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
