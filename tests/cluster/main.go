// Command cluster makes a Kubernetes of one node out of Go modules, and what Debian has of containerd and runc, in a network
// namespace of its own, with the marketplace in it.
//
//	go run -C tests/cluster . build [name ...]   compiles what is not there yet into .tools/cluster
//	go run -C tests/cluster . up                 the cluster, Dapr, the images, and k8s/overlays/dev: `make cluster`
//	go run -C tests/cluster . down               ends all of it: `make cluster DOWN=1`
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
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("build, up or down?")
	}
	switch args[0] {
	case "build":
		return build(ctx, root, args[1:]...)
	case "up":
		return up(ctx, root)
	case "down":
		return down(root)
	case "hold": // what `up` starts in namespaces of its own
		return hold(root)
	default:
		return fmt.Errorf("%s is neither build, up nor down", args[0])
	}
}
