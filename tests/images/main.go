// Images makes a container image of every service, of the program that makes the streams, and of the Stripe simulator.
// It needs Go and nothing else: no Docker, no base image.
//
// An image is one static program, the certificate authorities that Mozilla trusts, and a user who is not root. The same
// source makes the same image, to the byte, on any machine with the Go version of go.mod. Beside each image goes a list
// of what it is made of (CycloneDX), read from the program itself.
//
//	go run . [-root folder] [-out folder] [-registry host/path] [-tag tag] [-platforms linux/amd64,linux/arm64] [name ...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	root := flags.String("root", "../..", "the repository")
	out := flags.String("out", "", "where the OCI layout goes; .local/images of the repository if empty")
	registry := flags.String("registry", "", "where to push, as in registry.example.com/marketplace; nowhere if empty")
	tag := flags.String("tag", "dev", "the images' tag")
	platforms := flags.String("platforms", "linux/amd64", "what they run on, with commas between")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all, err := programs(*root)
	if err != nil {
		return err
	}
	for _, name := range flags.Args() {
		if !slices.ContainsFunc(all, func(p program) bool { return p.name == name }) {
			return fmt.Errorf("nothing is called %s", name)
		}
	}
	var made []made
	for _, p := range all {
		if len(flags.Args()) > 0 && !slices.Contains(flags.Args(), p.name) {
			continue
		}
		m, err := assemble(ctx, *root, p, strings.Split(*platforms, ","))
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		made = append(made, m)
	}
	if *out == "" {
		*out = filepath.Join(*root, ".local", "images")
	}
	if err := save(*out, *tag, made); err != nil {
		return err
	}
	if *registry != "" {
		for _, m := range made {
			if err := push(ctx, *registry, *tag, m); err != nil {
				return fmt.Errorf("push %s: %w", m.name, err)
			}
		}
	}
	return report(*registry, made)
}

// report prints what an overlay's list of images needs.
func report(registry string, all []made) error {
	var errs []error
	for _, m := range all {
		digest, err := m.index.Digest()
		errs = append(errs, err)
		if registry == "" {
			fmt.Printf("marketplace/%s %s\n", m.name, digest)
		} else {
			fmt.Printf("  - {name: marketplace/%s, newName: %s/%s, digest: %q}\n", m.name, registry, m.name, digest)
		}
	}
	return errors.Join(errs...)
}

// made is an image, for each platform, and what each is made of.
type made struct {
	name  string
	index v1.ImageIndex
	sboms []v1.Image
}
