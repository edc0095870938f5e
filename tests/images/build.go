package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is a main package of the repository that gets an image.
type program struct{ name, folder string }

// programs are the services, whichever there are, and what k8s/ needs besides.
func programs(root string) ([]program, error) {
	mains, err := filepath.Glob(filepath.Join(root, "services", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	if len(mains) == 0 {
		return nil, fmt.Errorf("%s is not the repository: it has no services", root)
	}
	var all []program
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		all = append(all, program{name, "./services/" + name})
	}
	return append(all, program{"streams", "./k8s/streams"}, program{"stripesim", "./tests/stripesim"}, program{"inbox", "./tests/inbox"}), nil
}

// compile builds a program without anything of this machine in it: no paths, no version control, no C.
func compile(ctx context.Context, root string, p program, platform string) ([]byte, error) {
	system, processor, ok := strings.Cut(platform, "/")
	if !ok || system != "linux" {
		return nil, fmt.Errorf("platform %q is not linux/<processor>", platform)
	}
	version, err := goVersion(root)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, p.name)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags", "-s -w -buildid=", "-o", file, p.folder)
	command.Dir = root
	command.Env = append(neutral(os.Environ()), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=go"+version)
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, said.Bytes())
	}
	return os.ReadFile(file)
}

// goVersion is the version of Go that go.mod names: another one makes another program.
func goVersion(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			return strings.TrimSpace(version), nil
		}
	}
	return "", fmt.Errorf("%s/go.mod names no version of Go", root)
}

// neutral leaves out what would change the program.
func neutral(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains([]string{"GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GODEBUG", "CGO_ENABLED", "GOOS", "GOARCH", "GOWORK", "GOFLAGS", "GOTOOLCHAIN"}, name)
	})
}
