package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sample = `
version: 1
common:
  resourcesPaths: [components/state, /elsewhere/pubsub]
  configFilePath: components/config.yaml
  enableAppHealthCheck: true
apps:
  - appID: orders
    appDirPath: .
    appPort: 3003
    daprHTTPPort: 3503
    daprGRPCPort: 4503
    daprInternalGRPCPort: 5503
    metricsPort: 9503
    command: [.local/bin/orders, --verbose]
    env: {ORDER_HOLD: 15m, KEY_FILE: .local/keys/public.pem, METRICS_PORT: "9603"}
  - appID: web
    appDirPath: .
    appPort: 8080
    command: [.local/bin/web]
`

func sampleFile(t *testing.T) *runFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dapr.yaml")
	require.NoError(t, os.WriteFile(path, []byte(sample), 0o600))
	f, err := readRunFile(path)
	require.NoError(t, err)
	return f
}

func TestMovedFileStartsInTheDataFolderAndLeadsBackToTheRepository(t *testing.T) {
	f := sampleFile(t)
	f.move("/repo", "/data", "/repo/.local/bin")

	assert.Equal(t, []string{"/repo/components/state", "/elsewhere/pubsub"}, f.Common.ResourcesPaths)
	assert.Equal(t, "/repo/components/config.yaml", f.Common.ConfigFilePath)
	orders := f.Apps[0]
	assert.Equal(t, "/data", orders.Dir)
	assert.Equal(t, []string{"/repo/.local/bin/orders", "--verbose"}, orders.Command)
	assert.Equal(t, ".local/keys/public.pem", orders.Env["KEY_FILE"], "relative to where the service starts")
}

func TestRenumberedAppsShareNoPort(t *testing.T) {
	f := sampleFile(t)
	next := 100
	f.renumber(func() int { next++; return next })

	seen := map[int]bool{}
	for _, app := range f.Apps {
		for _, port := range []int{app.AppPort, app.HTTPPort, app.GRPCPort, app.InternalPort, app.MetricsPort} {
			assert.False(t, seen[port], "port %d is given twice", port)
			seen[port] = true
		}
	}
	assert.Len(t, seen, 10)
	assert.False(t, seen[f.Apps[0].FiguresPort()])
	assert.NotEqual(t, 9603, f.Apps[0].FiguresPort())
	assert.Zero(t, f.Apps[1].FiguresPort(), "it has none")
}

func TestEnvIsSetOverTheFilesAndNeverAbsent(t *testing.T) {
	f := sampleFile(t)
	f.setEnv(nil)
	assert.NotNil(t, f.Apps[1].Env, "the CLI panics over an app without env")

	f.setEnv(map[string]string{"ORDER_HOLD": "3s"})
	assert.Equal(t, "3s", f.Apps[0].Env["ORDER_HOLD"])
	assert.Equal(t, "3s", f.Apps[1].Env["ORDER_HOLD"])
	assert.Equal(t, ".local/keys/public.pem", f.Apps[0].Env["KEY_FILE"])
}

func TestWrittenFileKeepsWhatIsNotOurs(t *testing.T) {
	f := sampleFile(t)
	f.setEnv(nil)
	path := filepath.Join(t.TempDir(), "dapr.yaml")
	require.NoError(t, f.write(path))

	again, err := readRunFile(path)
	require.NoError(t, err)
	assert.Equal(t, f, again)
	assert.Equal(t, true, again.Common.Rest["enableAppHealthCheck"])
	assert.Equal(t, 1, again.Rest["version"])
}

// The real file must have what Start relies on.
func TestRepositorysRunFile(t *testing.T) {
	root, err := findRoot()
	require.NoError(t, err)
	f, err := readRunFile(filepath.Join(root, "dapr.yaml"))
	require.NoError(t, err)
	f.setEnv(nil)

	ports := map[int]string{}
	for _, app := range f.Apps {
		for _, port := range []int{app.AppPort, app.HTTPPort, app.GRPCPort, app.InternalPort, app.MetricsPort, app.FiguresPort()} {
			require.NotZero(t, port, "%s: METRICS_PORT, or a port that the CLI chooses may be taken by the time it is used", app.ID)
			assert.Empty(t, ports[port], "port %d of %s", port, app.ID)
			ports[port] = app.ID
		}
		for _, path := range append([]string{f.Common.ConfigFilePath}, f.Common.ResourcesPaths...) {
			assert.FileExists(t, firstFile(t, filepath.Join(root, path)))
		}
	}
}

// firstFile is path itself, or the first file in it if it is a folder.
func firstFile(t *testing.T, path string) string {
	t.Helper()
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	files, err := filepath.Glob(filepath.Join(path, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no components in %s", path)
	return files[0]
}
