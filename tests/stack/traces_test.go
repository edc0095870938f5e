package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// With traces every service and every sidecar sends its spans to the stack's Zipkin; the repository's configuration stays.
func TestTraces(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	o, err := Options{Root: root, Dir: t.TempDir(), Traces: "0.5"}.complete()
	require.NoError(t, err)
	assert.True(t, o.ownRunFile(), "a changed copy is needed")
	s := &Stack{options: o}
	require.NoError(t, os.MkdirAll(s.local(), 0o755))
	file, err := readRunFile(filepath.Join(root, "dapr.yaml"))
	require.NoError(t, err)
	require.NoError(t, s.trace(file))

	const spans = "http://127.0.0.1:9411/api/v2/spans"
	for _, app := range file.Apps {
		assert.Equal(t, spans, app.Env["TRACES_TO"], app.ID)
		assert.Equal(t, "0.5", app.Env["TRACES_SHARE"], app.ID)
	}
	text, err := os.ReadFile(file.Common.ConfigFilePath)
	require.NoError(t, err)
	var config struct {
		Spec struct {
			NameResolution struct{ Component string } `yaml:"nameResolution"`
			Tracing        struct {
				SamplingRate string                           `yaml:"samplingRate"`
				Zipkin       struct{ EndpointAddress string } `yaml:"zipkin"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &config))
	assert.Equal(t, "sqlite", config.Spec.NameResolution.Component, "the rest is as it was")
	assert.NotZero(t, config.Spec.Tracing.SamplingRate)
	assert.Contains(t, string(text), spans)

	for _, wrong := range []string{"0", "-1", "1.1", "yes"} {
		_, err := Options{Root: root, Traces: wrong}.complete()
		assert.ErrorContains(t, err, "TRACES must be the share", wrong)
	}
}

// Whoever lacks Java or the jar is told so in one sentence.
func TestCanTrace(t *testing.T) {
	assert.ErrorContains(t, CanTrace(t.TempDir()), "ipkin")
	t.Setenv("PATH", t.TempDir())
	assert.ErrorContains(t, CanTrace(t.TempDir()), "needs Java 17 or newer")
}
