package service

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start loads the settings of the service on port, as its main does.
func start(t *testing.T, port, clocks string) (Settings, error) {
	t.Helper()
	for name, value := range map[string]string{
		"APP_PORT": port, "APP_API_TOKEN": "token", "DAPR_HTTP_PORT": "3500", "DAPR_GRPC_PORT": "4500", "CLOCK_OFFSETS_FILE": clocks,
	} {
		t.Setenv(name, value)
	}
	var cfg Settings
	err := Load(&cfg)
	return cfg, err
}

func TestClocksApart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clocks.json")
	say := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	reads := func(s Settings, off time.Duration) {
		t.Helper()
		assert.WithinDuration(t, time.Now().Add(off), s.Now(), time.Second)
	}

	say(`{"3003": "1h", "3013": "-1h"}`)
	ahead, err := start(t, "3003", file)
	require.NoError(t, err)
	behind, err := start(t, "3013", file)
	require.NoError(t, err)
	unnamed, err := start(t, "3002", file)
	require.NoError(t, err)
	none, err := start(t, "3003", "")
	require.NoError(t, err)
	reads(ahead, time.Hour)
	reads(behind, -time.Hour)
	reads(unnamed, 0)
	reads(none, 0)

	say(`{"3003": "-1h"}`)
	reads(ahead, -time.Hour) // jumped under way
	reads(behind, 0)

	for _, wrong := range []string{``, `2s`, `[]`, `{"3003": 2}`, `{"3003": "2"}`, `{"3003": "two seconds"}`} {
		say(wrong)
		_, err := start(t, "3003", file)
		assert.ErrorContains(t, err, "CLOCK_OFFSETS_FILE", "%q", wrong)
		assert.ErrorContains(t, err, file, "%q", wrong)
	}
	_, err = start(t, "3003", file+".not-there")
	assert.ErrorContains(t, err, "CLOCK_OFFSETS_FILE")
}
