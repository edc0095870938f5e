package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tool's source is mended in one place of a copy, and no build passes for mended when that place has gone.
func TestMend(t *testing.T) {
	source, to := t.TempDir(), filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(filepath.Join(source, "a.go"), []byte("one\ntwo\n"), 0o444))
	mended, err := mend{file: "a.go", old: "two\n", new: "2\n"}.copy(source, to)
	require.NoError(t, err)
	require.Equal(t, to, mended)
	for folder, want := range map[string]string{to: "one\n2\n", source: "one\ntwo\n"} {
		text, err := os.ReadFile(filepath.Join(folder, "a.go"))
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
	}
	_, err = mend{file: "a.go", old: "three", new: "3"}.copy(source, t.TempDir())
	assert.ErrorContains(t, err, "a.go is not as it was when it was mended")
	same, err := mend{}.copy(source, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, source, same, "most need none")
}
