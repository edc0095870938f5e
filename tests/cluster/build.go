package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Versions that were run with each other.
const (
	kubernetes         = "v1.34.4"
	dapr               = "v1.18.2"
	gatewayAPI         = "v1.4.1"
	prometheusOperator = "v0.81.0"
)

// A program of the cluster, compiled from a Go module.
type program struct {
	name, version, path string
	make                func(ctx context.Context, root string, p program, to string) error
}

var programs = []program{
	{"etcd", "v3.6.4", "go.etcd.io/etcd/server/v3", ours},
	{"kube-apiserver", kubernetes, "k8s.io/kubernetes/cmd/kube-apiserver", ours},
	{"kubectl", kubernetes, "k8s.io/kubernetes/cmd/kubectl", ours},
	{"kube-controller-manager", kubernetes, "k8s.io/kubernetes/cmd/kube-controller-manager", ours},
	{"kube-scheduler", kubernetes, "k8s.io/kubernetes/cmd/kube-scheduler", ours},
	{"kubelet", kubernetes, "k8s.io/kubernetes/cmd/kubelet", ours},
	{"pause", kubernetes, "./pause", ours},
	{"kube-proxy", kubernetes, "k8s.io/kubernetes/cmd/kube-proxy", ours},
	{"helm", "v3.19.5", "helm.sh/helm/v3/cmd/helm", install},
	{"operator", dapr, "./cmd/operator", controlPlane},
	{"injector", dapr, "./cmd/injector", controlPlane},
	{"sentry", dapr, "./cmd/sentry", controlPlane},
	{"nats-server", "v2.15.2", "github.com/nats-io/nats-server/v2", install}, // not the one of tests/tools: that may need a libc
	{"coredns", "v1.12.4", "github.com/coredns/coredns", install},
	{"kube-router", "v2.1.0", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", install},
	{"metrics-server", "v0.8.0", "sigs.k8s.io/metrics-server/cmd/metrics-server", install},
}

// at is where a program is. Its version is in the name, so another one is another file.
func at(root, name string) string {
	for _, p := range programs {
		if p.name == name {
			return filepath.Join(root, ".tools", "cluster", p.name+"-"+p.version)
		}
	}
	panic("nothing is called " + name)
}

// build compiles what is not there yet, all or what is named. A build that is interrupted leaves no half program.
func build(ctx context.Context, root string, names ...string) error {
	for _, name := range names {
		if !slices.ContainsFunc(programs, func(p program) bool { return p.name == name }) {
			return fmt.Errorf("nothing is called %s", name)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, ".tools", "cluster"), 0o755); err != nil {
		return err
	}
	var missing []program
	for _, p := range programs {
		if _, err := os.Stat(at(root, p.name)); err != nil && (len(names) == 0 || slices.Contains(names, p.name)) {
			missing = append(missing, p)
		}
	}
	for i, p := range missing {
		fmt.Printf("%d of %d: %s %s\n", i+1, len(missing), p.name, p.version)
		start, to := time.Now(), fmt.Sprintf("%s.%d", at(root, p.name), os.Getpid())
		defer os.Remove(to)
		if err := p.make(ctx, root, p, to); err != nil {
			return fmt.Errorf("building %s: %w", p.name, err)
		}
		if err := os.Rename(to, at(root, p.name)); err != nil {
			return err
		}
		fmt.Printf("%d of %d: %s, in %v\n", i+1, len(missing), p.name, time.Since(start).Round(time.Second))
	}
	return nil
}

// ours compiles what go.mod here requires. Kubernetes says of itself what it is told.
func ours(ctx context.Context, root string, p program, to string) error {
	flags := "-s -w"
	if p.version == kubernetes {
		part := strings.Split(strings.TrimPrefix(p.version, "v"), ".")
		for _, says := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			flags += fmt.Sprintf(" -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s -X %[1]s.gitTreeState=clean",
				says, p.version, part[0], part[1])
		}
	}
	_, err := goTool(ctx, filepath.Join(root, "tests", "cluster"), "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", to, p.path)
	return err
}

// install compiles a module's program by the module's own go.mod.
func install(ctx context.Context, root string, p program, to string) error {
	dir, err := os.MkdirTemp(filepath.Dir(to), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := goTool(ctx, dir, "install", "-trimpath", "-ldflags", "-s -w", p.path+"@"+p.version); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, p.name), to)
}

// controlPlane compiles inside Dapr's own module, whose replace lines and go.sum are needed, with the module that tests/tools raises.
func controlPlane(ctx context.Context, _ string, p program, to string) error {
	source, err := module(ctx, "github.com/dapr/dapr@"+p.version)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(to), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	modfile := filepath.Join(dir, "raised.mod")
	for _, ext := range []string{"mod", "sum"} {
		text, err := os.ReadFile(filepath.Join(source, "go."+ext))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "raised."+ext), text, 0o644); err != nil {
			return err
		}
	}
	if _, err := goTool(ctx, dir, "mod", "edit", "-require=modernc.org/sqlite@v1.61.1", modfile); err != nil {
		return err
	}
	_, err = goTool(ctx, source, "build", "-trimpath", "-mod=mod", "-modfile="+modfile, "-tags", "allcomponents",
		"-ldflags", "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version="+strings.TrimPrefix(p.version, "v"), "-o", to, p.path)
	return err
}

// module fetches a module and returns its folder, which is not to be changed.
func module(ctx context.Context, named string) (string, error) {
	out, err := goTool(ctx, os.TempDir(), "mod", "download", "-json", named)
	if err != nil {
		return "", err
	}
	var info struct{ Dir string }
	return info.Dir, json.Unmarshal(out, &info)
}

// goTool runs the go command in a folder. What it installs goes there, and nothing is linked to a libc.
func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOBIN="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, said.Bytes())
	}
	return out, nil
}
