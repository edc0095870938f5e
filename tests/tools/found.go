package main

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// installed says where, beside .tools, a tool's first program may already be.
type installed func(file string) (path string, ok bool)

func nowhere(string) (string, bool) { return "", false }

func onPath(file string) (string, bool) {
	path, err := exec.LookPath(filepath.Base(file))
	if err != nil {
		return "", false
	}
	path, err = filepath.Abs(path)
	return path, err == nil
}

// inDaprHome is where `dapr init --slim` puts its programs. After a `dapr init` with containers the scheduler is missing there.
func inDaprHome(file string) (string, bool) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", false
	}
	path := filepath.Join(home, file)
	_, err = os.Stat(path)
	return path, err == nil
}

// ready reports that every program of t is in .tools and the first one answers with the pinned version.
func (t tool) ready(ctx context.Context, dir string) bool {
	for _, file := range t.files {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			return false
		}
	}
	return t.answers(ctx, filepath.Join(dir, t.files[0]))
}

// adopt links .tools to the programs installed on this machine, if they are all there in the pinned version.
func (t tool) adopt(ctx context.Context, dir string) bool {
	paths := make([]string, len(t.files))
	for i, file := range t.files {
		path, ok := t.installed(file)
		if !ok {
			return false
		}
		paths[i] = path
	}
	if !t.answers(ctx, paths[0]) {
		return false
	}
	for i, file := range t.files {
		link := filepath.Join(dir, file)
		if os.MkdirAll(filepath.Dir(link), 0o755) != nil {
			return false
		}
		os.Remove(link)
		if os.Symlink(paths[i], link) != nil {
			return false
		}
	}
	return true
}

func (t tool) answers(ctx context.Context, program string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// Some programs leave with an error although they answered; only the answer counts.
	out, _ := exec.CommandContext(ctx, program, t.ask...).CombinedOutput()
	version := regexp.QuoteMeta(t.says + strings.TrimPrefix(t.version, "v"))
	return t.madeHere(program) && regexp.MustCompile(`(^|\D)`+version+`(\D|$)`).Match(out) // not 1.18.20 for 1.18.2
}

// madeHere reports that a program was built with the module that t needs raised, and mended if it has to be.
func (t tool) madeHere(program string) bool {
	if t.raised == "" && t.mended.file == "" {
		return true
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return false
	}
	raised := slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path+"@"+m.Version == t.raised })
	mended := slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), mendedTag)
	})
	return (raised || t.raised == "") && (mended || t.mended.file == "")
}
