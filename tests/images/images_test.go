package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// expiration is the smallest service.
var expiration = program{"expiration", "./services/expiration"}

func TestEveryServiceGetsAnImage(t *testing.T) {
	all, err := programs(root)
	require.NoError(t, err)
	var names []string
	for _, p := range all {
		names = append(names, p.name)
		_, err := os.Stat(filepath.Join(root, p.folder, "main.go"))
		assert.NoError(t, err, p.folder)
	}
	assert.Subset(t, names, []string{"auth", "tickets", "orders", "payments", "expiration", "mail", "desk", "web", "streams", "stripesim", "inbox"})
	_, err = programs(t.TempDir())
	assert.ErrorContains(t, err, "has no services")
}

func TestAnImage(t *testing.T) {
	m, err := assemble(t.Context(), root, expiration, []string{"linux/amd64"})
	require.NoError(t, err)
	digest, err := m.index.Digest()
	require.NoError(t, err)
	image := only(t, m.index)

	t.Run("is the same when it is made again, in another folder and another environment", func(t *testing.T) {
		elsewhere := filepath.Join(t.TempDir(), "another", "checkout")
		for _, part := range []string{"services", "shared", "go.mod", "go.sum"} {
			copyTree(t, filepath.Join(root, part), filepath.Join(elsewhere, part))
		}
		t.Setenv("GOAMD64", "v3")
		t.Setenv("GOFLAGS", "-tags=other")
		again, err := assemble(t.Context(), elsewhere, expiration, []string{"linux/amd64"})
		require.NoError(t, err)
		twin, err := again.index.Digest()
		require.NoError(t, err)
		assert.Equal(t, digest, twin)
		list, err := again.sboms[0].Digest()
		require.NoError(t, err)
		first, err := m.sboms[0].Digest()
		require.NoError(t, err)
		assert.Equal(t, first, list)
	})

	t.Run("is another when a file is", func(t *testing.T) {
		elsewhere := filepath.Join(t.TempDir(), "changed")
		for _, part := range []string{"services", "shared", "go.mod", "go.sum"} {
			copyTree(t, filepath.Join(root, part), filepath.Join(elsewhere, part))
		}
		file := filepath.Join(elsewhere, "services", "expiration", "main.go")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, bytes.Replace(text, []byte(`service.Main("expiration"`), []byte(`service.Main("exploration"`), 1), 0o600))
		other, err := assemble(t.Context(), elsewhere, expiration, []string{"linux/amd64"})
		require.NoError(t, err)
		changed, err := other.index.Digest()
		require.NoError(t, err)
		assert.NotEqual(t, digest, changed)
	})

	t.Run("holds one static program, certificate authorities, a user, and nothing else", func(t *testing.T) {
		config, err := image.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, "65532:65532", config.Config.User)
		assert.Equal(t, []string{"/expiration"}, config.Config.Entrypoint)
		assert.Equal(t, "linux/amd64", config.OS+"/"+config.Architecture)
		files := map[string][]byte{}
		stream := mutate.Extract(image)
		defer stream.Close()
		for r := tar.NewReader(stream); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			assert.Zero(t, h.ModTime.Unix(), h.Name)
			assert.Zero(t, h.Uid+h.Gid, h.Name)
			assert.Zero(t, h.Mode&0o022, "%s can be written by others", h.Name)
			if h.Typeflag == tar.TypeReg {
				files[h.Name], err = io.ReadAll(r)
				require.NoError(t, err)
			}
		}
		require.Len(t, files, 3)

		pool := x509.NewCertPool()
		assert.True(t, pool.AppendCertsFromPEM(files["etc/ssl/certs/ca-certificates.crt"]))
		assert.Greater(t, strings.Count(string(files["etc/ssl/certs/ca-certificates.crt"]), "BEGIN CERTIFICATE"), 100)

		program, err := elf.NewFile(bytes.NewReader(files["expiration"]))
		require.NoError(t, err)
		for _, p := range program.Progs {
			assert.NotEqual(t, elf.PT_INTERP, p.Type, "needs a loader that is not there")
		}
		here, err := filepath.Abs(root)
		require.NoError(t, err)
		assert.NotContains(t, string(files["expiration"]), here, "says where it was built")

		file := filepath.Join(t.TempDir(), "expiration")
		require.NoError(t, os.WriteFile(file, files["expiration"], 0o700))
		command := exec.Command(file)
		command.Env = []string{}
		out, err := command.CombinedOutput()
		assert.Error(t, err)
		assert.Contains(t, string(out), "missing value", "it runs, as far as it can without settings")
	})

	t.Run("says what it is made of", func(t *testing.T) {
		layers, err := m.sboms[0].Layers()
		require.NoError(t, err)
		require.Len(t, layers, 1)
		content, err := layers[0].Uncompressed()
		require.NoError(t, err)
		var list struct {
			Format     string `json:"bomFormat"`
			Version    string `json:"specVersion"`
			Components []part `json:"components"`
		}
		require.NoError(t, json.NewDecoder(content).Decode(&list))
		assert.Equal(t, "CycloneDX 1.5", list.Format+" "+list.Version)
		found := map[string]string{}
		for _, p := range list.Components {
			found[p.Name] = p.Version
			assert.Equal(t, "pkg:golang/"+p.Name+"@"+p.Version, p.URL)
		}
		wanted := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "github.com/dapr/go-sdk", "google.golang.org/grpc", "github.com/gorilla/mux")
		wanted.Dir = root
		out, err := wanted.Output()
		require.NoError(t, err)
		for line := range strings.Lines(string(out)) {
			path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
			assert.Equal(t, version, found[path], path)
		}
		assert.NotEmpty(t, found["std"])
		assert.NotContains(t, found, "github.com/stripe/stripe-go/v76", "expiration takes no money")
	})

	t.Run("is kept as an OCI layout and pushed with its list of parts", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "images")
		require.NoError(t, save(folder, "v1", []made{m}))
		require.NoError(t, save(folder, "v1", []made{m}), "over the last one")
		kept, err := layout.ImageIndexFromPath(folder)
		require.NoError(t, err)
		index, err := kept.ImageIndex(digest)
		require.NoError(t, err)
		require.NoError(t, validate.Index(index))
		manifest, err := kept.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 2)
		assert.Equal(t, digest, manifest.Manifests[0].Digest)
		for _, note := range []string{"org.opencontainers.image.ref.name", "io.containerd.image.name"} {
			assert.Equal(t, "docker.io/marketplace/expiration:v1", manifest.Manifests[0].Annotations[note], "what a runtime makes of marketplace/expiration:v1")
		}

		server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		host := strings.TrimPrefix(server.URL, "http://") + "/marketplace"
		require.NoError(t, push(t.Context(), host, "v1", m))
		ref, err := name.NewTag(host + "/expiration:v1")
		require.NoError(t, err)
		pushed, err := remote.Index(ref)
		require.NoError(t, err)
		got, err := pushed.Digest()
		require.NoError(t, err)
		assert.Equal(t, digest, got)
		own, err := image.Digest()
		require.NoError(t, err)
		referrers, err := remote.Referrers(ref.Context().Digest(own.String()))
		require.NoError(t, err)
		about, err := referrers.IndexManifest()
		require.NoError(t, err)
		require.Len(t, about.Manifests, 1)
		assert.Equal(t, sbomType, about.Manifests[0].ArtifactType)
	})
}

func TestOtherPlatforms(t *testing.T) {
	_, err := assemble(context.Background(), root, expiration, []string{"windows/amd64"})
	assert.ErrorContains(t, err, "not linux/")
}

func only(t *testing.T, index v1.ImageIndex) v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return image
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, inside)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	}))
}
