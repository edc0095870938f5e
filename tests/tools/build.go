package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// install builds t and puts its programs in place. It builds in a folder of its own and renames, so that an
// interrupted build leaves no half program behind. The first program comes last: it vouches for the others.
func (t tool) install(ctx context.Context, dir string) error {
	out, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)

	fmt.Printf("%s %s: building it (%s); usually takes %s, once\n", t.name, t.version, t.why, t.usual)
	done := heartbeat(t.name)
	err = t.build(ctx, t, out)
	took := done()
	if ctx.Err() != nil {
		return fmt.Errorf("building %s was interrupted; the next run starts it again", t.name)
	}
	if err != nil {
		return fmt.Errorf("building %s %s failed after %s: %w", t.name, t.version, took, err)
	}

	for i := len(t.files) - 1; i >= 0; i-- {
		to := filepath.Join(dir, t.files[i])
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(out, filepath.Base(to)), to); err != nil {
			return err
		}
	}
	if !t.ready(ctx, dir) {
		return fmt.Errorf("%s was built but does not say that it is %s", t.name, t.version)
	}
	fmt.Printf("%s %s: built in %s\n", t.name, t.version, took)
	return nil
}

// goInstall builds a program that `go install` can build as it is, and that runs where there is no libc.
func goInstall(path string) func(context.Context, tool, string) error {
	return func(ctx context.Context, t tool, out string) error {
		_, err := goTool(ctx, out, []string{"GOBIN=" + out, "CGO_ENABLED=0"}, "install", "-trimpath", path+"@"+t.version)
		return err
	}
}

// buildRuntime builds daprd and scheduler. JetStream is only in the build with all components.
func buildRuntime(ctx context.Context, t tool, out string) error {
	return buildModule(ctx, out, "github.com/dapr/dapr@"+t.version, t.raised, t.mended, "-tags", "allcomponents,"+mendedTag,
		"-ldflags", "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version="+strings.TrimPrefix(t.version, "v"),
		"-o", out+"/", "./cmd/daprd", "./cmd/scheduler")
}

// buildCLI builds the Dapr command line with a newer components-contrib: the one it names is no longer served.
func buildCLI(ctx context.Context, t tool, out string) error {
	return buildModule(ctx, out, "github.com/dapr/cli@"+t.version, "github.com/dapr/components-contrib@v1.16.5", mend{},
		"-ldflags", "-s -w -X main.version="+strings.TrimPrefix(t.version, "v")+" -X main.apiVersion=1.0",
		"-o", filepath.Join(out, "dapr"), ".")
}

// buildModule builds inside a module's own folder, whose replace lines and go.sum are needed, with one of the modules it
// requires raised to another version, and a file of its own mended.
func buildModule(ctx context.Context, out, module, raised string, mended mend, args ...string) error {
	source, err := download(ctx, out, module)
	if err != nil {
		return err
	}
	modfile := filepath.Join(out, "raised.mod")
	for _, ext := range []string{"mod", "sum"} {
		text, err := os.ReadFile(filepath.Join(source, "go."+ext))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, "raised."+ext), text, 0o644); err != nil {
			return err
		}
	}
	if _, err := goTool(ctx, out, nil, "mod", "edit", "-require="+raised, modfile); err != nil {
		return err
	}
	if source, err = mended.copy(source, filepath.Join(out, "source")); err != nil {
		return err
	}
	build := append([]string{"build", "-trimpath", "-mod=mod", "-modfile=" + modfile}, args...)
	_, err = goTool(ctx, source, []string{"CGO_ENABLED=0"}, build...)
	return err
}

// copy copies source to a folder, mended, and returns that: the module cache is not to be changed. Without anything to mend it
// returns source.
func (m mend) copy(source, to string) (string, error) {
	if m.file == "" {
		return source, nil
	}
	text, err := os.ReadFile(filepath.Join(source, m.file))
	if err != nil {
		return "", err
	}
	if bytes.Count(text, []byte(m.old)) != 1 {
		return "", fmt.Errorf("%s is not as it was when it was mended: see whether that is still needed", m.file)
	}
	if err := os.CopyFS(to, os.DirFS(source)); err != nil {
		return "", err
	}
	return to, os.WriteFile(filepath.Join(to, m.file), bytes.Replace(text, []byte(m.old), []byte(m.new), 1), 0o644)
}

// download fetches a module into the module cache and returns its folder there.
func download(ctx context.Context, dir, module string) (string, error) {
	out, err := goTool(ctx, dir, nil, "mod", "download", "-json", module)
	if err != nil {
		return "", err
	}
	var info struct{ Dir string }
	if err := json.Unmarshal(out, &info); err != nil {
		return "", fmt.Errorf("read what go says about %s: %w", module, err)
	}
	return info.Dir, nil
}

// goTool runs the go command in dir, on its own: our go.mod, workspaces and flags play no part.
// Its error ends with the last lines that go wrote.
func goTool(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GO111MODULE=on"), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stdout.String() + stderr.String())
		if errors.Is(err, exec.ErrNotFound) || said == "" {
			return nil, err
		}
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, lastLines(said, 25))
	}
	return stdout.Bytes(), nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
