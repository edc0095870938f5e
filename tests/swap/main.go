// Command swap is behind `make swap`: it runs the same tests, on the same binaries, on every store and broker that this
// machine can start, and prints which passed. ONLY=redis/rabbitmq runs one combination, ONLY=redis/ all on one store.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"marketplace/tests/stack"
	"marketplace/tests/trial"
)

// The journey, the race, redelivery, restart and what only a store or a broker can promise.
var chosen = []string{
	"TestBuyATicket", "TestHundredBuyers", "TestRedelivery", "TestRestart", "TestOrderExpires",
	"TestTheRealSidecarIsAStore", "TestInterruptedDelivery", "TestPausedService", "TestDeadLetters", "TestPoison", "TestServersCrash",
}

const limit = 15 * time.Minute // for one combination

func main() { trial.Main("swap", run) }

// run tries each combination; one that cannot be run here is no failure.
func run(ctx context.Context, p trial.Programs) (*trial.Table, error) {
	s := swap{p, os.Getenv("ONLY")}
	if err := s.Compile(ctx); err != nil {
		return nil, err
	}
	before, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	t := trial.NewTable(`state \ pub/sub`, folders(s.Root, "state"), folders(s.Root, "pubsub"))
	for _, state := range t.Rows {
		for _, pubsub := range t.Columns {
			if name := state + "/" + pubsub; strings.HasPrefix(name, s.only) && ctx.Err() == nil {
				fmt.Printf("%-22s ", name)
				r := trial.Timed(func() trial.Result { return s.try(ctx, state, pubsub) })
				fmt.Println(r)
				t.Set(state, pubsub, r)
			}
		}
	}
	after, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(before, after) {
		return nil, errors.New("the binaries have changed in between: the results are worth nothing")
	}
	fmt.Printf("\nThe same binaries everywhere (SHA-256):\n%s\n", strings.Join(after, "\n"))
	return t, nil
}

type swap struct {
	trial.Programs
	only string
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
func (s swap) try(ctx context.Context, state, pubsub string) trial.Result {
	options := stack.Options{Root: s.Root, Bin: s.Bin(), State: state, PubSub: pubsub}
	if missing := options.Missing(); missing != nil {
		r := trial.Result{Verdict: trial.NotRun, Why: strings.Split(missing.Error(), "\n")}
		for _, folder := range []string{"state-" + state, "pubsub-" + pubsub} {
			if secrets := unserved[folder]; secrets != "" {
				if err := s.reach(ctx, folder, secrets); err != nil {
					return trial.Result{Verdict: trial.Fail, Why: []string{err.Error()}}
				}
				r.Why = append(r.Why, "a sidecar understands components/"+folder+" and gets as far as the connection")
			}
		}
		return r
	}
	return s.Stories(ctx, state+"-"+pubsub, limit, chosen, []string{"STATE=" + state, "PUBSUB=" + pubsub})
}
