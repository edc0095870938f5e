package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// A real API server takes everything in k8s/, without a warning: the overlays, and every choice on its own. Nothing runs there;
// that is what the cluster is for.
func TestTheAPIServerTakesEverything(t *testing.T) {
	c := apiServer(t)
	for name, folder := range markets(t) {
		t.Run(name, func(t *testing.T) {
			_, err := c.kubectl(t.Context(), "apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-k", folder)
			assert.NoError(t, err)
		})
	}
	t.Run("one overlay over the other", func(t *testing.T) {
		for _, overlay := range []string{"dev", "production", "dev"} {
			_, err := c.kubectl(t.Context(), "delete", "job", "streams", "--ignore-not-found", "-n", "marketplace")
			require.NoError(t, err)
			_, err = c.kubectl(t.Context(), "apply", "--warnings-as-errors", "-k", filepath.Join(root, "k8s", "overlays", overlay))
			assert.NoError(t, err, overlay)
		}
	})
	for mistake, m := range map[string]struct{ object, says string }{
		"a field that there is not": {`{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"},"spec":{"ports":[{"port":80}],"selektor":{}}}`, "selektor"},
		"a pod that asks too much": {`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},
			"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"x","image":"x"}]}}}}`, "would violate PodSecurity"},
		"a value that Dapr has not": {`{"apiVersion":"dapr.io/v1alpha1","kind":"Configuration","metadata":{"name":"x"},"spec":{"accessControl":"deny"}}`, "accessControl"},
	} {
		t.Run("and finds "+mistake, func(t *testing.T) {
			_, err := c.kubectlWith(t.Context(), []byte(m.object), "apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-n", "marketplace", "-f", "-")
			assert.ErrorContains(t, err, m.says)
		})
	}
}

// markets are folders to apply: the overlays as they are, and each choice in an overlay of its own.
func markets(t *testing.T) map[string]string {
	t.Helper()
	copied := t.TempDir()
	for _, folder := range []string{"k8s", "components"} {
		require.NoError(t, os.CopyFS(filepath.Join(copied, folder), os.DirFS(filepath.Join(root, folder))))
	}
	all := map[string]string{}
	for kind, at := range map[string]string{"overlay": "overlays", "choice": "choices"} {
		folders, err := filepath.Glob(filepath.Join(copied, "k8s", at, "*", "kustomization.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, folders)
		for _, file := range folders {
			folder, name := filepath.Dir(file), filepath.Base(filepath.Dir(file))
			if kind == "choice" {
				choices := []string{"../../choices/nats"} // nothing here goes without a broker
				if name != "nats" {
					choices = append(choices, "../../choices/"+name)
				}
				folder = filepath.Join(copied, "k8s", "overlays", "only-"+name)
				require.NoError(t, os.Mkdir(folder, 0o755))
				text := fmt.Sprintf("kind: Kustomization\nnamespace: marketplace\nresources: [../../base]\ncomponents: [%s]\n", strings.Join(choices, ", "))
				require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600))
			}
			all[kind+" "+name] = folder
		}
	}
	return all
}

// apiServer starts etcd and an API server on loopback, with the namespace and every kind that k8s/ needs. Of pods that the namespace
// would refuse the server warns.
func apiServer(t *testing.T) control {
	t.Helper()
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	require.NoError(t, build(t.Context(), repository, "etcd", "kube-apiserver", "kubectl"))
	dir := t.TempDir()
	c := control{root: repository, dir: dir, address: "127.0.0.1", port: free(t), etcd: free(t), peer: free(t),
		start: func(name, program string, args ...string) error {
			log, err := os.Create(filepath.Join(dir, name+".log"))
			if err != nil {
				return err
			}
			cmd := exec.Command(program, args...)
			cmd.Stdout, cmd.Stderr = log, log
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
					t.Logf("%s:\n%s", name, text[max(0, len(text)-3000):])
				}
			})
			return cmd.Start()
		}}
	require.NoError(t, c.pki().everybody("node", "127.0.0.1", "127.0.0.1"))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	require.NoError(t, c.serve(ctx, "--endpoint-reconciler-type=none"))
	require.NoError(t, c.kinds(ctx))
	_, err = c.kubectl(ctx, "apply", "-f", filepath.Join(root, "k8s", "base", "namespace.yaml"))
	require.NoError(t, err)
	_, err = c.kubectl(ctx, "label", "namespace", "marketplace", "pod-security.kubernetes.io/warn=restricted")
	require.NoError(t, err)
	return c
}

// free is a port that nobody has.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
