package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// An image is what one container needs: files of this machine by their path inside, and what is run.
type image struct {
	name, user string
	entry      []string
	files      map[string]string
}

// foreign are the images that come from registries elsewhere, under the names by which manifests and charts ask for them. Here they
// are made of the programs that were built.
func foreign(root string) ([]image, error) {
	var all []image
	one := func(name, program, user, inside string) {
		all = append(all, image{name, user, []string{"/" + inside}, map[string]string{inside: program}})
	}
	for _, name := range []string{"operator", "injector", "sentry"} {
		one("ghcr.io/dapr/"+name+":"+strings.TrimPrefix(dapr, "v"), at(root, name), "65532:65532", name)
	}
	for _, name := range []string{"daprd", "scheduler"} {
		one("ghcr.io/dapr/"+name+":"+strings.TrimPrefix(dapr, "v"), filepath.Join(root, ".tools", ".dapr", "bin", name), "65532:65532", name)
	}
	one("registry.k8s.io/pause:3.9", at(root, "pause"), "65535:65535", "pause")
	one("registry.k8s.io/coredns/coredns:v1.12.4", at(root, "coredns"), "65532:65532", "coredns")
	one("registry.k8s.io/metrics-server/metrics-server:v0.8.0", at(root, "metrics-server"), "65532:65532", "metrics-server")
	one("docker.io/library/nats:2.15.2-alpine", at(root, "nats-server"), "", "usr/local/bin/nats-server")

	redis := image{"docker.io/library/redis:7.2-alpine", "", []string{"redis-server"}, map[string]string{"bin/sh": "/bin/dash"}}
	for _, name := range []string{"/usr/bin/redis-server", "/usr/bin/redis-cli", "/bin/grep", "/bin/cat", "/bin/sleep", "/bin/bash", "/usr/bin/timeout"} {
		redis.files[strings.TrimPrefix(name, "/")] = name
	}
	needed := regexp.MustCompile(`/\S+`)
	for _, program := range redis.files {
		out, err := exec.Command("ldd", program).Output()
		if err != nil {
			return nil, fmt.Errorf("ldd %s: %w", program, err)
		}
		for _, line := range strings.Split(string(out), "\n") {
			if library := needed.FindString(line); library != "" {
				redis.files[strings.TrimPrefix(library, "/")] = library
			}
		}
	}
	return append(all, redis), nil
}

// load gives containerd the images, and those of `make images`.
func (c control) load(ctx context.Context) error {
	all, err := foreign(c.root)
	if err != nil {
		return err
	}
	for _, i := range all {
		packed, err := i.archive()
		if err != nil {
			return fmt.Errorf("image %s: %w", i.name, err)
		}
		if err := c.ctr(ctx, packed, "images", "import", "-"); err != nil {
			return err
		}
	}
	layout := exec.CommandContext(ctx, "tar", "-C", filepath.Join(c.root, ".local", "images"), "-cf", "-", ".")
	packed, err := layout.Output()
	if err != nil {
		return fmt.Errorf("pack what `make images` made: %w", err)
	}
	return c.ctr(ctx, bytes.NewReader(packed), "images", "import", "-")
}

func (c control) ctr(ctx context.Context, input io.Reader, args ...string) error {
	cmd := exec.CommandContext(ctx, "ctr", append([]string{"--address", filepath.Join(c.dir, "containerd.sock"), "--namespace", "k8s.io"}, args...)...)
	cmd.Stdin = input
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// archive is the image as `docker save` would write it, in one layer.
func (i image) archive() (io.Reader, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	add := func(name string, kind byte, mode int64, text []byte) error {
		if err := w.WriteHeader(&tar.Header{Typeflag: kind, Name: name, Mode: mode, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	}
	seen := map[string]bool{"tmp/": true, "etc/": true}
	if err := add("tmp/", tar.TypeDir, 0o1777, nil); err != nil {
		return nil, err
	}
	if err := add("etc/", tar.TypeDir, 0o755, nil); err != nil {
		return nil, err
	}
	if err := add("etc/passwd", tar.TypeReg, 0o644, []byte("root:x:0:0::/:/\nnonroot:x:65532:65532::/:/\n")); err != nil {
		return nil, err
	}
	for name, from := range i.files {
		parts := strings.Split(name, "/")
		for n := 1; n < len(parts); n++ {
			folder := strings.Join(parts[:n], "/") + "/"
			if seen[folder] {
				continue
			}
			seen[folder] = true
			if err := add(folder, tar.TypeDir, 0o755, nil); err != nil {
				return nil, err
			}
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := add(name, tar.TypeReg, 0o755, text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	digest := sum(layer.Bytes())
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": map[string]any{"User": i.user, "Entrypoint": i.entry, "WorkingDir": "/",
			"Env": []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": sum(config) + ".json", "RepoTags": []string{i.name}, "Layers": []string{digest + "/layer.tar"}}})
	if err != nil {
		return nil, err
	}
	text := layer.Bytes()
	var out bytes.Buffer
	w = tar.NewWriter(&out)
	for _, f := range []struct {
		name string
		text []byte
	}{{sum(config) + ".json", config}, {"manifest.json", manifest}, {digest + "/layer.tar", text}} {
		if err := add(f.name, tar.TypeReg, 0o644, f.text); err != nil {
			return nil, err
		}
	}
	return &out, w.Close()
}

func sum(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}
