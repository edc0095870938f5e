package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// fetched is a jar that its project publishes on Maven Central.
type fetched struct {
	artifact string // as Maven writes it; "" for what is built
	sum      string // SHA-256; a change fetches it again
}

// fetch puts t's file in place, unless it is there. A file of another sum never gets there.
func (t tool) fetch(ctx context.Context, dir string) error {
	path := filepath.Join(dir, t.files[0])
	if sum, err := sumOf(path); err == nil && sum == t.sum {
		return nil
	}
	fmt.Printf("%s %s: fetching it (%s); usually takes %s, once\n", t.name, t.version, t.why, t.usual)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("fetch %s: that needs Maven: `apt install maven`", t.name)
	}
	half, err := os.MkdirTemp(filepath.Dir(path), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(half)
	done := heartbeat(t.name)
	said, err := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
		"-Dartifact="+t.artifact, "-DoutputDirectory="+half).CombinedOutput()
	done()
	if err != nil {
		return fmt.Errorf("fetch %s: %w\n%s", t.name, err, said)
	}
	jars, err := filepath.Glob(filepath.Join(half, "*.jar"))
	if err != nil || len(jars) != 1 {
		return fmt.Errorf("fetch %s: Maven has put %d jars into %s", t.name, len(jars), half)
	}
	sum, err := sumOf(jars[0])
	if err != nil {
		return err
	}
	if sum != t.sum {
		return fmt.Errorf("fetch %s: %s is not what it was: SHA-256 %s", t.name, t.artifact, sum)
	}
	return os.Rename(jars[0], path)
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
