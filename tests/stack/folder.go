package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// local is a path in the folder that holds everything this stack leaves behind.
func (s *Stack) local(names ...string) string {
	return filepath.Join(append([]string{s.options.Dir, ".local"}, names...)...)
}

// prepare makes what the services and sidecars expect to find in the data folder.
func (s *Stack) prepare() error {
	for _, dir := range []string{"data", "scheduler", "stripe", "logs"} {
		if err := os.MkdirAll(s.local(dir), 0o755); err != nil {
			return err
		}
	}
	// Who is where is only true while the sidecars live. After a crash the old rows would mislead the new ones.
	stale, err := filepath.Glob(s.local("data", "names.db*"))
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return err
		}
	}

	secrets, err := json.MarshalIndent(s.secrets(), "", "  ")
	if err != nil {
		return err
	}
	if err := writeSecret(s.local("secrets.json"), append(secrets, '\n')); err != nil {
		return err
	}
	if err := s.wrapDaprd(); err != nil {
		return err
	}
	return s.pruneLogs()
}

// wrapDaprd puts a daprd where the CLI looks for it that listens on this machine's loopback address only.
// dapr.yaml can say so for the Dapr API alone; the port for other sidecars and the metrics would be open to the network.
func (s *Stack) wrapDaprd() error {
	bin := filepath.Join(s.runtimePath(), ".dapr", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	// And its spans are told from its service's by their name.
	script := fmt.Sprintf("#!/bin/sh\nfor arg; do [ \"$before\" = --app-id ] && export OTEL_SERVICE_NAME=\"$arg-sidecar\"; before=$arg; done\nexec %s --dapr-internal-grpc-listen-address 127.0.0.1 --metrics-listen-address 127.0.0.1 \"$@\"\n",
		quote(s.tool(".dapr/bin/daprd")))
	path := filepath.Join(bin, "daprd")
	if err := os.WriteFile(path+".new", []byte(script), 0o755); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (s *Stack) runtimePath() string { return s.local("runtime") }

// tool is the path of a program that `make tools` installs.
func (s *Stack) tool(name string) string { return filepath.Join(s.options.Root, ".tools", name) }

// own makes this the only stack that uses the data folder. The system gives it free if we die.
func (s *Stack) own() error {
	if err := os.MkdirAll(s.local(), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(s.local("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		text, _ := os.ReadFile(f.Name())
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("a stack is already running on %s (process %s): stop that one first", s.local(), strings.TrimSpace(string(text)))
		}
		return fmt.Errorf("lock %s: %w", s.local(), err)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return err
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		f.Close()
		return err
	}
	s.lock = f
	return nil
}
