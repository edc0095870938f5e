// Command tools puts the programs that the local stack runs on, in the versions it was tested with, into .tools.
// What is there already, or installed on this machine in the right version, is used; the rest is built from Go modules.
//
//	go run ./tests/tools                            the Dapr CLI, daprd, scheduler, nats-server
//	go run ./tests/tools staticcheck govulncheck    the checkers behind `make check`
//	go run ./tests/tools zipkin                     what shows traces, for `make run TRACES=1`
//	go run ./tests/tools kafka                      a broker that no Go module or Debian package has, for PUBSUB=kafka
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	wanted, err := choose(names)
	if err != nil {
		return err
	}
	root, err := repoRoot()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, ".tools")
	unlock, err := lock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := sweep(dir); err != nil {
		return err
	}

	for _, t := range wanted {
		if len(t.artifacts) > 0 {
			if err := t.fetch(ctx, dir); err != nil {
				return err
			}
			continue
		}
		if t.ready(ctx, dir) {
			continue
		}
		if t.adopt(ctx, dir) {
			fmt.Printf("%s %s: using the one installed here\n", t.name, t.version)
			continue
		}
		if err := t.install(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// repoRoot is the nearest folder upwards that holds go.mod.
func repoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside the repository: no go.mod in this folder or above it")
		}
		dir = filepath.Dir(dir)
	}
}
