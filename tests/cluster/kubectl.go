package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// kubectl is the command, as the cluster's administrator. The error is what it said.
func (c control) kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectlWith(ctx, nil, args...)
}

// kubectlWith gives the command something to read, for `-f -`.
func (c control) kubectlWith(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := c.inside(ctx, at(c.root, "kubectl"), args...)
	cmd.Stdin = bytes.NewReader(input)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args[:min(3, len(args))], " "), err, said.Bytes())
	}
	return out.String(), nil
}

// inside is a command in the cluster's network, if it has one of its own, that knows the cluster.
func (c control) inside(ctx context.Context, program string, args ...string) *exec.Cmd {
	conf := c.pki().file("admin.conf")
	if c.dir == place(c.root) { // not the API server of a test
		if other := os.Getenv("KUBECONFIG"); other != "" {
			conf = other
		} else if pid, err := holder(c.root); err == nil && pid != 0 && os.Getpid() != 1 {
			args = append([]string{fmt.Sprintf("--target=%d", pid), "--net", program}, args...)
			program = "nsenter"
		}
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+conf)
	return cmd
}
