package stack

import (
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The keeper's work, which begins when its input ends, be it by our death.
func TestKeeperEndsWhatCarriesTheMarkAndNothingElse(t *testing.T) {
	const mark = "keeper-test.1."
	sleeper := func(script, mark string) *child {
		t.Helper()
		c := command{args: []string{"/bin/sh", "-c", script}, env: []string{markKey + "=" + mark, "PATH=/usr/bin:/bin"}, log: t.TempDir() + "/log"}
		ch, err := c.start()
		require.NoError(t, err)
		t.Cleanup(func() { _ = exec.Command("kill", "-9", "--", "-"+strconv.Itoa(ch.pid)).Run() })
		return ch
	}
	service := sleeper("exec sleep 60", mark+groupApps)
	orphan := sleeper("(sleep 60 &) ; exec sleep 60", mark+groupBacking)
	deaf := sleeper("trap '' TERM; while :; do sleep 1; done", mark+groupApps)
	stranger := sleeper("exec sleep 60", "keeper-test.2."+groupApps)
	require.Eventually(t, func() bool { return len(processes(mark)) >= 5 }, 5*time.Second, 10*time.Millisecond)

	dismiss, err := keep(mark)
	require.NoError(t, err)
	dismiss()

	assert.Empty(t, processes(mark))
	for name, ch := range map[string]*child{"service": service, "orphan": orphan, "deaf": deaf} {
		assert.False(t, ch.alive(), name)
	}
	assert.True(t, stranger.alive(), "it carries another stack's mark")
}
