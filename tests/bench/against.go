package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"marketplace/tests/stack"
)

// contender is one of two marketplaces that are compared.
type contender struct {
	name    string // its commit
	market  *market
	session string // its seller's
	costs   []cost // of a purchase, one for each round
	calls   []float64
}

// against compares what a purchase costs here and at another commit: both marketplaces run at the same time, each with
// the programs, dapr.yaml and components of its own tree, and people buy in one and then in the other. All that is asked of them
// goes through the API, and what runs beside them is ours: a tree from before some service was there can be compared too.
func (b *bench) against(parent context.Context) (err error) {
	if err := b.prepare(parent); err != nil {
		return err
	}
	commit, err := b.checkOut(parent, b.Against)
	if err != nil {
		return err
	}
	other := filepath.Join(b.dir, "against")
	say("building %s", commit)
	if err := stack.BuildTo(parent, other, filepath.Join(b.dir, "against-bin")); err != nil {
		return err
	}
	then, now := &contender{name: commit}, &contender{name: b.found.Commit}
	for _, side := range []struct {
		*contender
		dir, root, bin string
	}{{then, "compared-then", other, "against-bin"}, {now, "compared-now", b.root, "bin"}} {
		ctx, s, err := b.startFrom(parent, side.root, side.dir, side.bin, map[string]string{"HOLDS_PER_BUYER": "0"}) // buyers are few
		if err != nil {
			return fmt.Errorf("%s: %w", side.name, err)
		}
		parent = ctx // a part of either that dies ends both
		defer func() { err = errors.Join(err, s.Stop()) }()
		if side.market, err = openMarket(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", side.name, err)
		}
		side.session, err = side.market.signUp(ctx, "seller", nil) // nobody buys from himself
		if err != nil {
			return fmt.Errorf("%s: %w", side.name, err)
		}
	}
	for round := range rounds + 1 {
		for _, side := range []*contender{then, now} {
			if err := b.round(parent, side, round > 0); err != nil { // what others take disturbs times of processors little
				return fmt.Errorf("%s: %w", side.name, err)
			}
		}
	}
	b.compare(then, now)
	return nil
}

// checkOut has a tree of another commit in a folder of its own, and returns the commit's name.
func (b *bench) checkOut(ctx context.Context, commit string) (string, error) {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", b.root}, args...)...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out)), nil
	}
	name, err := git("rev-parse", "--short", "--verify", commit+"^{commit}")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.dir, "against")
	if _, err := os.Stat(dir); err == nil {
		if _, err := git("worktree", "remove", "--force", dir); err != nil {
			return "", err
		}
	}
	if _, err := git("worktree", "prune"); err != nil {
		return "", err
	}
	if _, err := git("worktree", "add", "--detach", dir, name); err != nil {
		return "", err
	}
	return name, os.Symlink(filepath.Join(b.root, ".tools"), filepath.Join(dir, ".tools"))
}

// round lets people buy, and notes what that cost if it counts: the first time connections are made.
func (b *bench) round(ctx context.Context, side *contender, counts bool) error {
	m, n := side.market, firstRate*int(b.loaded.Seconds())
	ids, err := m.list(ctx, side.session, n)
	if err != nil {
		return err
	}
	var t *trading
	c, made, err := b.measure(ctx, m.Stack, n, func() error {
		if t = m.buy(ctx, firstRate, ids); t.failure != nil {
			return t.failure
		}
		return m.still(ctx)
	})
	if err != nil {
		return err
	}
	if err := m.complete(ctx, t); err != nil {
		return err
	}
	calls := made.all().byKind()["total"]
	say("%-14s %d purchases at %d a second: %6.2f ms and %5.1f sidecar calls each (others took %.0f %% of the machine)",
		side.name, n, firstRate, c.Total, calls, 100*c.others()*firstRate/1000/float64(b.found.Cores))
	if counts {
		side.costs, side.calls = append(side.costs, c), append(side.calls, calls)
	}
	return nil
}

// list puts n tickets on sale through the API.
func (m *market) list(ctx context.Context, session string, n int) ([]string, error) {
	ids := make([]string, n)
	return ids, each(ids, 4, func(i int, _ string) error {
		var listed struct{ ID string }
		status, _, err := m.call(ctx, http.MethodPost, "/api/tickets", session, fmt.Sprintf(`{"title":%q,"price":%d}`, title(i), 10+i%90), &listed)
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("listing a ticket is answered with %d", status)
		}
		ids[i] = listed.ID
		return err
	})
}

// still waits until the sidecars have nothing left to do, for half a second: on a busy machine that is after the load.
func (m *market) still(ctx context.Context) error {
	for last, tries := -1.0, 0; tries < 100; tries++ {
		now, err := readTraffic(ctx, m.Stack)
		if err != nil {
			return err
		}
		if sum := now.all().byKind()["total"]; sum == last {
			return nil
		} else {
			last = sum
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the sidecars have not come to rest")
}

// complete checks that every order has become one that is paid.
func (m *market) complete(ctx context.Context, t *trading) error {
	return each(t.placed, 4, func(_ int, o order) error {
		var is struct{ Status string }
		if _, _, err := m.call(ctx, http.MethodGet, "/api/orders/"+o.ID, m.cookieOf[o.UserID], "", &is); err != nil {
			return err
		}
		if is.Status != "complete" {
			return fmt.Errorf("order %s is %s, so its purchase is not whole", o.ID, is.Status)
		}
		return nil
	})
}

// compare prints the medians of both.
func (b *bench) compare(then, now *contender) {
	fmt.Printf("\nCPU of a whole purchase at %d a second in ms, and sidecar calls: the median of %d runs of %d purchases in turn, both marketplaces on this machine.\n"+
		"State %s, pub/sub %s, %d cores with the load generator on them, %s; what the stack spends with nobody there is in it\n\n",
		firstRate, rounds, firstRate*int(b.loaded.Seconds()), b.found.State, b.found.PubSub, b.found.Cores, b.found.Go)
	fmt.Printf("  %-12s %14s %14s %8s\n", "", then.name, now.name, "ratio")
	row := func(name string, of func(cost) float64) {
		var was, is []float64
		for i := range then.costs {
			was, is = append(was, of(then.costs[i])), append(is, of(now.costs[i]))
		}
		fmt.Printf("  %-12s %14.2f %14.2f %8.2f\n", name, median(was), median(is), median(is)/median(was))
	}
	row("total", func(c cost) float64 { return c.Total })
	row("services", func(c cost) float64 { return c.Services })
	row("sidecars", func(c cost) float64 { return c.Sidecars })
	row("broker", func(c cost) float64 { return c.Broker })
	row("store", func(c cost) float64 { return c.Store })
	row("scheduler", func(c cost) float64 { return c.Scheduler })
	fmt.Printf("  %-12s %14.1f %14.1f %8.2f\n", "calls", median(then.calls), median(now.calls), median(now.calls)/median(then.calls))
}
