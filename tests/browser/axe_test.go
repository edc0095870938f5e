package browser

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const axeVersion = "axe-core@4.10.3"

// axe is the text of axe-core, from npm, kept in .tools/axe. Only tests use it.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../../.tools/axe")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, axeVersion+".js")
	if text, err := os.ReadFile(file); err == nil {
		return string(text), nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	pack := exec.Command("npm", "pack", "--silent", axeVersion)
	pack.Dir, pack.WaitDelay = dir, time.Second
	name, err := pack.Output()
	if err != nil {
		return "", fmt.Errorf("npm pack %s: %w", axeVersion, err)
	}
	archive := filepath.Join(dir, strings.TrimSpace(string(name)))
	defer os.Remove(archive)
	text, err := unpack(archive, "package/axe.min.js")
	if err != nil {
		return "", err
	}
	return string(text), os.WriteFile(file, text, 0o644)
})

func unpack(archive, name string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s is not in %s", name, archive)
		}
		if err != nil {
			return nil, err
		}
		if header.Name == name {
			return io.ReadAll(files)
		}
	}
}

// violation is a rule that a page breaks.
type violation struct {
	ID, Impact, Help string
	Where            []string
}

func (v violation) String() string {
	return fmt.Sprintf("%s (%s): %s, at %s", v.ID, v.Impact, v.Help, strings.Join(v.Where, "; "))
}

// barriers are what axe finds on the page, of any weight.
func (p *person) barriers(t *testing.T) []violation {
	t.Helper()
	text, err := axe()
	if err != nil {
		t.Skipf("axe-core is not to be had: %v", err)
	}
	var result struct {
		Passes int
		Found  []violation
	}
	p.is(text+`; axe.run(document, { resultTypes: ["violations"] }).then((r) => ({ Passes: r.passes.length, Found: r.violations.map((v) => ({ ID: v.id, Impact: v.impact, Help: v.help, Where: v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")) })) }))`, &result)
	require.NotZero(t, result.Passes, "axe looked at nothing")
	return result.Found
}
