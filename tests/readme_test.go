package tests

import (
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The purchase that the README has people type is one: its own lines, with the address of a marketplace of ours.
func TestTheREADMEsPurchase(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the README's purchase is typed with curl, which is not installed")
	}
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(text), "## Buy a ticket by hand\n")
	require.True(t, found)
	_, block, _ = strings.Cut(block, "```sh\n")
	block, _, found = strings.Cut(block, "```")
	require.True(t, found)
	const address = "http://localhost:8080"
	require.Equal(t, 1, strings.Count(block, address))
	block = strings.Replace(block, address, market(t).URL, 1)

	typed := exec.CommandContext(t.Context(), "bash", "-e", "-c", block)
	typed.Dir = t.TempDir()
	said, err := typed.CombinedOutput()
	require.NoError(t, err, "%s", said)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	assert.Contains(t, lines[len(lines)-1], `"status":"complete"`, "%s", said)
	assert.Contains(t, string(said), "declined", "the first card")
}

var (
	links = regexp.MustCompile(`\]\(([^) ]+)\)|src="([^"]+)"`)
	spans = regexp.MustCompile("`([^`\n]+)`")
	// paths begin with a folder of ours, wherever they stand: in sentences, in commands, in a picture's address.
	paths    = regexp.MustCompile(`(?:^|[\s"(` + "`" + `])(?:\./)?((?:services|shared|tests|k8s|components)/[\w./*-]*\w/?)`)
	pathSpan = regexp.MustCompile(`^(?:\.\./)*[\w*-][\w.*-]*(?:/[\w.*-]+)*/?$`)
	isFile   = regexp.MustCompile(`\.(?:go|yaml|json|sql|sh|md)$|/$`)
	folders  = regexp.MustCompile(`(?m)^\| folder \|.*(?:\n\|.*)+`)
	folder   = regexp.MustCompile("(?m)^\\| `([^`]+)`")
	targets  = regexp.MustCompile("(?m)(?:^|`|[A-Z]=\\S+ )make ([a-z]+)")
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// Every file, folder, link and command that a README names is there.
func TestWhatTheREADMEsNameExists(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	for _, readme := range readmes(t) {
		raw, err := os.ReadFile(readme)
		require.NoError(t, err)
		text, dir := string(raw), filepath.Dir(readme)
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			target, err := url.Parse(m[1] + m[2])
			require.NoError(t, err)
			if target.Host == "" {
				assert.True(t, leads(readme, target), "%s links to %s", readme, target)
			}
		}
		for _, m := range paths.FindAllStringSubmatch(text, -1) {
			assert.True(t, exists("..", m[1]) || exists(dir, m[1]), "%s names %s", readme, m[1])
		}
		for _, m := range spans.FindAllStringSubmatch(text, -1) {
			if pathSpan.MatchString(m[1]) && isFile.MatchString(m[1]) {
				assert.True(t, exists("..", m[1]) || exists(dir, m[1]), "%s names %s", readme, m[1])
			}
		}
		for _, table := range folders.FindAllString(text, -1) {
			for _, m := range folder.FindAllStringSubmatch(table, -1) {
				assert.True(t, exists("..", m[1]) || exists(dir, m[1]), "%s names %s", readme, m[1])
			}
		}
		for _, m := range targets.FindAllStringSubmatch(text, -1) {
			assert.Contains(t, string(makefile), "\n"+m[1]+":", "%s has people type make %s", readme, m[1])
		}
	}
}

var (
	setting = regexp.MustCompile(`envconfig:"([A-Z_]+)"(?: default:"([^"]*)")?`)
	row     = regexp.MustCompile("(?m)^\\| (`[A-Z_]+`(?: `[A-Z_]+`)*) \\| [^|]* \\| ([^|]*) \\|")
)

// The README's table has every setting of the code with its default, and no other.
func TestTheREADMEsSettings(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(raw), "## Configuration\n")
	require.True(t, found)
	written := map[string]string{} // by name: the default
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		for name := range strings.FieldsSeq(m[1]) {
			written[strings.Trim(name, "`")] = strings.Trim(m[2], "`")
		}
	}
	known := map[string]bool{}
	for _, root := range []string{"../services", "../shared"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			code, err := os.ReadFile(path)
			for _, m := range setting.FindAllStringSubmatch(string(code), -1) {
				name, standard := m[1], m[2]
				known[name] = true
				if name == "APP_PORT" || strings.HasPrefix(name, "DAPR_") {
					continue // Dapr's
				}
				assert.Contains(t, written, name, "%s has a setting that the README lacks", path)
				if standard != "" {
					assert.Equal(t, standard, written[name], "the default of %s", name)
				}
			}
			return err
		}))
	}
	for name := range written {
		assert.True(t, known[name], "the README has a setting that no service has: %s", name)
	}
}

// readmes are the project's, not those of what it has installed.
func readmes(t *testing.T) (found []string) {
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") && path != ".." {
			return fs.SkipDir
		}
		if d != nil && d.Name() == "README.md" {
			found = append(found, path)
		}
		return err
	}))
	require.Contains(t, found, "../README.md")
	return found
}

func exists(dir, pattern string) bool {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	return err == nil && len(found) > 0
}

// leads tells whether a link ends somewhere, at its heading too.
func leads(readme string, target *url.URL) bool {
	file := readme
	if target.Path != "" {
		file = filepath.Join(filepath.Dir(readme), target.Path)
	}
	text, err := os.ReadFile(file)
	if err != nil || target.Fragment == "" {
		return err == nil
	}
	for _, m := range headings.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(strings.ToLower(m[1]), " ", "-") == target.Fragment {
			return true
		}
	}
	return false
}
