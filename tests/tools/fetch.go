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
	"strings"
)

// fetched is what its project publishes on Maven Central.
type fetched struct {
	artifacts []string // as Maven writes them; none for what is built
	needed    bool     // with everything that they need in turn: a folder of jars, where there would be one jar
	sum       string   // SHA-256 of the jar, or of the folder's names and sums; a change fetches it again
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
	half, err := os.MkdirTemp(dir, "build-") // what sweep removes
	if err != nil {
		return err
	}
	defer os.RemoveAll(half)
	jars := filepath.Join(half, "jars")
	goal := []string{"copy", "-Dartifact=" + t.artifacts[0]}
	if t.needed {
		project := filepath.Join(half, "pom.xml")
		if err := os.WriteFile(project, []byte(projectOf(t.artifacts)), 0o644); err != nil {
			return err
		}
		goal = []string{"copy-dependencies", "--file", project, "-DincludeScope=runtime"}
	}
	done := heartbeat(t.name)
	said, err := exec.CommandContext(ctx, "mvn", append([]string{"--batch-mode", "--quiet", "-DoutputDirectory=" + jars,
		"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:" + goal[0]}, goal[1:]...)...).CombinedOutput()
	done()
	if err != nil {
		return fmt.Errorf("fetch %s: %w\n%s", t.name, err, said)
	}
	from := jars
	if !t.needed {
		found, err := filepath.Glob(filepath.Join(jars, "*.jar"))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("fetch %s: Maven has put %d jars into %s", t.name, len(found), jars)
		}
		from = found[0]
	}
	sum, err := sumOf(from)
	if err != nil {
		return err
	}
	if sum != t.sum {
		return fmt.Errorf("fetch %s: %s is not what it was: SHA-256 %s", t.name, strings.Join(t.artifacts, " with "), sum)
	}
	if err := os.RemoveAll(path); err != nil { // a folder of another version cannot be renamed over
		return err
	}
	return os.Rename(from, path)
}

// projectOf is a Maven project that needs artifacts and nothing else.
func projectOf(artifacts []string) string {
	var all strings.Builder
	for _, artifact := range artifacts {
		part := strings.Split(artifact, ":")
		fmt.Fprintf(&all, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>", part[0], part[1], part[2])
	}
	return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>` +
		"<groupId>marketplace</groupId><artifactId>tools</artifactId><version>1</version><dependencies>" + all.String() + "</dependencies></project>"
}

// sumOf is a file's SHA-256, or that of the names and sums of a folder's files.
func sumOf(path string) (string, error) {
	sum := sha256.New()
	if entries, err := os.ReadDir(path); err == nil {
		for _, entry := range entries {
			of, err := sumOf(filepath.Join(path, entry.Name()))
			if err != nil {
				return "", err
			}
			fmt.Fprintf(sum, "%s  %s\n", of, entry.Name())
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
