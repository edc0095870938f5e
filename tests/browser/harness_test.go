// Package browser tests the site as people meet it: Chromium in front of the real stack.
package browser

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

var verbose = flag.Bool("stack-log", false, "show what the stack does")

// patience is for a machine that does other things too. Nothing waits for it when all is well.
const patience = time.Minute

// One stack at a time, started when a test first needs it and kept for the next that needs the same.
var running struct {
	stack *stack.Stack
	env   map[string]string
}

var chromium struct {
	sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop:", err)
		code = 1
	}
	os.Exit(code)
}

func stop() error {
	if running.stack == nil {
		return nil
	}
	dir := running.stack.Dir
	err := running.stack.Stop()
	running.stack = nil
	os.RemoveAll(dir)
	return err
}

// market is the site with the settings that buyers get.
func market(t *testing.T) string { return start(t, nil) }

// hasty is the site where the time to pay is over soon.
func hasty(t *testing.T) string { return start(t, map[string]string{"ORDER_HOLD": "10s"}) }

// forgiving is the site where a ticket that was given back can be held again at once.
func forgiving(t *testing.T) string { return start(t, map[string]string{"HOLD_AGAIN_AFTER": "0s"}) }

func start(t *testing.T, env map[string]string) string {
	t.Helper()
	if running.stack != nil && maps.Equal(running.env, env) {
		return running.stack.URL
	}
	require.NoError(t, stop())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, stack.Build(ctx, root))
	dir, err := os.MkdirTemp("", "marketplace-browser-")
	require.NoError(t, err)
	o, err := stack.Options{Root: root, Dir: dir, FreePorts: true, Env: env}.Chosen()
	require.NoError(t, err)
	if *verbose {
		o.Log = os.Stderr
	}
	s, err := stack.Start(ctx, o)
	require.NoError(t, err)
	running.stack, running.env = s, env
	return s.URL
}

// chrome starts the browser, once. Tests that need it are skipped where it is not installed.
func chrome(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not on PATH: apt-get install chromium")
	}
	chromium.Do(func() {
		options := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path)}, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
			chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
			chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true),
			chromedp.WSURLReadTimeout(time.Minute))
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...) // with a new, empty user-data-dir
		ctx, stopBrowser := chromedp.NewContext(allocator)
		chromium.ctx, chromium.err = ctx, chromedp.Run(ctx)
		chromium.stop = func() { stopBrowser(); stopAllocator() }
	})
	require.NoError(t, chromium.err)
	return chromium.ctx
}
