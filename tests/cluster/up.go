package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// up makes the cluster, unless KUBECONFIG names one, and puts the marketplace into it by the commands of k8s/README.md.
func up(ctx context.Context, root string) error {
	c := theCluster(root)
	steps := []step{{"Dapr", c.dapr}, {"secrets", c.secrets}, {"k8s/overlays/dev", c.apply}}
	if os.Getenv("KUBECONFIG") == "" {
		if pid, err := holder(root); err != nil || pid != 0 {
			return errors.Join(err, errors.New("there is a cluster already; `make cluster DOWN=1` ends it"))
		}
		if err := lacks(); err != nil {
			return err
		}
		steps = append([]step{{"programs", func(ctx context.Context) error { return programsFor(ctx, root) }}, {"Kubernetes", c.begin},
			{"images", c.load}, {"names, figures, disks", c.addons}}, steps...)
	} else if err := build(ctx, root, "kubectl", "helm"); err != nil {
		return err
	}
	for _, s := range steps {
		start := time.Now()
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%-24s %v\n", s.name, time.Since(start).Round(time.Second))
	}
	if os.Getenv("KUBECONFIG") == "" {
		fmt.Printf("\n%s is kubectl for it. The tests: go test -C tests/cluster -tags cluster -count=1 .\n", filepath.Join(c.dir, "kubectl"))
	}
	return nil
}

type step struct {
	name string
	do   func(context.Context) error
}

// programsFor builds what the cluster and the marketplace consist of.
func programsFor(ctx context.Context, root string) error {
	if err := build(ctx, root); err != nil {
		return err
	}
	for _, args := range [][]string{{"run", "./tests/tools"}, {"run", "-C", "tests/images", "."}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = root, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// begin starts the holder of the namespaces, and waits for the node to be ready.
func (c control) begin(ctx context.Context) error {
	if err := os.RemoveAll(c.dir); err != nil {
		return err
	}
	for _, folder := range []string{"logs", "settings", "cni", "volumeplugins"} {
		if err := os.MkdirAll(filepath.Join(c.dir, folder), 0o755); err != nil {
			return err
		}
	}
	for i := range 16 {
		if err := os.MkdirAll(filepath.Join(c.dir, "disks", fmt.Sprint(i)), 0o777); err != nil {
			return err
		}
	}
	if err := c.pki().everybody(node, nodeIP, "10.96.0.1", nodeIP, "127.0.0.1", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.dir, "logs", "holder.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, "hold")
	cmd.Dir = filepath.Join(c.root, "tests", "cluster")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	began, err := begun(cmd.Process.Pid)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, "holder"), fmt.Appendf(nil, "%d %s\n", cmd.Process.Pid, began), 0o600); err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec nsenter --target %d --net env KUBECONFIG=%s %s \"$@\"\n", cmd.Process.Pid, c.pki().file("admin.conf"), at(c.root, "kubectl"))
	if err := os.WriteFile(filepath.Join(c.dir, "kubectl"), []byte(script), 0o755); err != nil {
		return err
	}
	return until(ctx, 5*time.Minute, func() error {
		if pid, err := holder(c.root); pid == 0 {
			text, _ := os.ReadFile(log.Name())
			return errors.Join(err, fmt.Errorf("it ended: %s", text))
		}
		_, err := c.kubectl(ctx, "wait", "--for=condition=Ready", "node/"+node, "--timeout=20s")
		return err
	})
}

func (c control) addons(ctx context.Context) error {
	text, err := c.filled("addons.yaml")
	if err != nil {
		return err
	}
	if _, err := c.kubectlWith(ctx, text, "apply", "-f", "-"); err != nil {
		return err
	}
	_, err = c.kubectl(ctx, "rollout", "status", "deployment", "coredns", "metrics-server", "-n", "kube-system", "--timeout=300s")
	return err
}

// dapr installs Dapr's control plane from the chart in its own module: the one that the README names, which is published from there.
func (c control) dapr(ctx context.Context) error {
	source, err := module(ctx, "github.com/dapr/dapr@"+dapr)
	if err != nil {
		return err
	}
	chart, err := os.MkdirTemp("", "chart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(chart)
	if err := os.CopyFS(chart, os.DirFS(filepath.Join(source, "charts", "dapr"))); err != nil {
		return err
	}
	cmd := c.inside(ctx, at(c.root, "helm"), "upgrade", "--install", "dapr", chart, "--namespace", "dapr-system", "--create-namespace",
		"--values", filepath.Join(c.root, "k8s", "dapr-values.yaml"), "--set", "global.tag="+strings.TrimPrefix(dapr, "v"), "--wait", "--timeout", "10m")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm: %w\n%s", err, out)
	}
	return nil
}

var (
	beforeTheStore = regexp.MustCompile("(?s)\nSecrets\\..*?```sh\n(.*?)\n# The store")
	theStoreRedis  = regexp.MustCompile("(?m)^kubectl create secret generic store [^\n]*redisHost=.*$")
)

// secretCommands are the lines of k8s/README.md that make the secrets for a market on Redis.
func secretCommands(readme []byte) (string, error) {
	before, store := beforeTheStore.FindSubmatch(readme), theStoreRedis.Find(readme)
	if before == nil || store == nil {
		return "", errors.New("k8s/README.md has no commands for secrets where they were")
	}
	return string(before[1]) + "\n" + string(store) + "\n", nil
}

// secrets makes the namespace and types the README's commands for secrets, with Redis, as they stand there. What has them keeps them.
func (c control) secrets(ctx context.Context) error {
	readme, err := os.ReadFile(filepath.Join(c.root, "k8s", "README.md"))
	if err != nil {
		return err
	}
	lines, err := secretCommands(readme)
	if err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, "apply", "-f", filepath.Join(c.root, "k8s", "base", "namespace.yaml")); err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, "config", "set-context", "--current", "--namespace", "marketplace"); err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, "get", "secret", "store", "-n", "marketplace"); err == nil {
		return nil // the last of them
	}
	dir, err := os.MkdirTemp("", "secrets-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Symlink(at(c.root, "kubectl"), filepath.Join(dir, "kubectl")); err != nil {
		return err
	}
	cmd := c.inside(ctx, "bash", "-euc", "export PATH="+dir+":$PATH; "+strings.ReplaceAll(lines, "k_live_", "k_test_"))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// apply is `kubectl apply -k k8s/overlays/dev`, and waits until all of it is ready.
func (c control) apply(ctx context.Context) error {
	if _, err := c.kubectl(ctx, "apply", "-k", filepath.Join(c.root, "k8s", "overlays", "dev")); err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, "wait", "--for=condition=complete", "job/streams", "--timeout=10m", "-n", "marketplace"); err != nil {
		return err
	}
	_, err := c.kubectl(ctx, "rollout", "status", "deployment", "-l", "app.kubernetes.io/component=service", "--timeout=10m", "-n", "marketplace")
	return err
}
