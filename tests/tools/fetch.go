package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// fetched is a file that is taken from where its project publishes it.
type fetched struct {
	url string // "" for what is built
	sum string // SHA-256; a change fetches it again
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
	half := path + ".new"
	defer os.Remove(half)
	done := heartbeat(t.name)
	err := get(ctx, t.url, half)
	done()
	if err != nil {
		return fmt.Errorf("fetch %s: %w", t.name, err)
	}
	sum, err := sumOf(half)
	if err != nil {
		return err
	}
	if sum != t.sum {
		return fmt.Errorf("fetch %s: what is at %s is not what it was: SHA-256 %s", t.name, t.url, sum)
	}
	return os.Rename(half, path)
}

func get(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, resp.Body); err != nil {
		f.Close()
		return err
	}
	return f.Close()
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
