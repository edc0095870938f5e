package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// kubectl is the command, as this cluster's administrator. The error is what it said.
func (c control) kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectlWith(ctx, nil, args...)
}

// kubectlWith gives the command something to read, for `-f -`.
func (c control) kubectlWith(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, at(c.root, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.pki().file("admin.conf"))
	cmd.Stdin = bytes.NewReader(input)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args[:min(3, len(args))], " "), err, said.Bytes())
	}
	return out.String(), nil
}
