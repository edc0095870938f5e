package main

import (
	"archive/tar"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever has got the holder's number since is not ended in its place.
func TestTheHolderIsKnownByItsStartToo(t *testing.T) {
	repository := t.TempDir()
	require.NoError(t, os.MkdirAll(place(repository), 0o755))
	note := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(place(repository), "holder"), []byte(text), 0o600))
	}
	pid, err := holder(repository)
	require.NoError(t, err)
	assert.Zero(t, pid, "nothing is noted")
	began, err := begun(os.Getpid())
	require.NoError(t, err)
	note(fmt.Sprintf("%d %s\n", os.Getpid(), began))
	pid, err = holder(repository)
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), pid)
	note(fmt.Sprintf("%d %s0\n", os.Getpid(), began))
	pid, err = holder(repository)
	require.NoError(t, err)
	assert.Zero(t, pid, "it began at another time")
}

// The commands that make the secrets are read from where people read them.
func TestTheReadmesCommandsForSecrets(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "k8s", "README.md"))
	require.NoError(t, err)
	lines, err := secretCommands(readme)
	require.NoError(t, err)
	for _, secret := range []string{"session-private", "session-public", "content-keys", "app-token", "stripe", "broker", "store"} {
		assert.Contains(t, lines, "kubectl create secret generic "+secret+" ")
	}
	for _, other := range []string{"postgres", "mongodb"} {
		assert.NotContains(t, lines, other)
	}
	_, err = secretCommands([]byte("nothing of the kind"))
	assert.Error(t, err)
}

// A certificate is its authority's, for whom and where it says, and a kubeconfig has all that is needed.
func TestCertificates(t *testing.T) {
	p := pki{t.TempDir(), "https://127.0.0.1:1"}
	require.NoError(t, p.everybody("node", "10.0.0.1", "127.0.0.1", "kubernetes"))
	ca, err := os.ReadFile(p.file("ca.crt"))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca))
	for file, host := range map[string]string{"apiserver": "kubernetes", "kubelet": "node"} {
		text, err := os.ReadFile(p.file(file + ".crt"))
		require.NoError(t, err)
		block, _ := pem.Decode(text)
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		_, err = c.Verify(x509.VerifyOptions{Roots: pool, DNSName: host})
		assert.NoError(t, err, file)
		_, err = c.Verify(x509.VerifyOptions{Roots: pool, DNSName: "elsewhere"})
		assert.Error(t, err, file)
	}
	conf, err := os.ReadFile(p.file("kubelet.conf"))
	require.NoError(t, err)
	assert.Contains(t, string(conf), b64.EncodeToString(ca))
}

// An image has its files in one layer, in folders that are there before them.
func TestAnImage(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(program, []byte("text"), 0o700))
	packed, err := image{"x:1", "", []string{"/a/b/program"}, map[string]string{"a/b/program": program}}.archive()
	require.NoError(t, err)
	var outer, inner []string
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		outer = append(outer, filepath.Base(h.Name))
		if filepath.Base(h.Name) != "layer.tar" {
			continue
		}
		for layer := tar.NewReader(r); ; {
			h, err := layer.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			inner = append(inner, h.Name)
		}
	}
	assert.Contains(t, outer, "manifest.json")
	assert.Equal(t, []string{"tmp/", "etc/", "etc/passwd", "a/", "a/b/", "a/b/program"}, inner)
}
