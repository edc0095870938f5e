package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// unserved are the folders that Debian has no server for, with secrets that lead to nobody.
var unserved = map[string]string{
	"state-mongodb": `{"mongodbURL": "mongodb://` + nobody + `/?serverSelectionTimeoutMS=1000"}`,
	"pubsub-kafka":  `{"kafkaBrokers": "` + nobody + `"}`,
}

const nobody = "127.0.0.1:1" // listens there

// reach starts a sidecar on a folder whose server this machine does not have, with an address where nobody listens. What
// can be seen that way is that the sidecar understands the folder: it must get as far as being refused there.
func (s swap) reach(ctx context.Context, folder, secrets string) error {
	dir, err := os.MkdirTemp("", "marketplace-swap-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, ".local"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, ".local", "secrets.json"), []byte(secrets), 0o600); err != nil {
		return err
	}
	args := []string{"--app-id", "tickets", "--dapr-listen-addresses", "127.0.0.1", "--dapr-internal-grpc-listen-address", "127.0.0.1",
		"--metrics-listen-address", "127.0.0.1",
		"--resources-path", filepath.Join(s.Root, "components", folder), "--resources-path", filepath.Join(s.Root, "components", "secrets-file")}
	for _, flag := range []string{"--dapr-http-port", "--dapr-grpc-port", "--dapr-internal-grpc-port", "--metrics-port"} {
		port, err := freePort()
		if err != nil {
			return err
		}
		args = append(args, flag, fmt.Sprint(port))
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.Root, ".tools", ".dapr", "bin", "daprd"), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return fmt.Errorf("a sidecar on components/%s started although nobody listens", folder)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "level=fatal") {
			if strings.Contains(line, nobody) && strings.Contains(line, "connection refused") {
				return nil
			}
			return fmt.Errorf("a sidecar does not take components/%s: %s", folder, strings.TrimSpace(line))
		}
	}
	return fmt.Errorf("a sidecar on components/%s ended without a reason: %w", folder, err)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
