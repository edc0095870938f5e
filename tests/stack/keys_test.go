package stack

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeysAreMadeOnceAndForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := openKeys(dir)
	require.NoError(t, err)
	assert.Regexp(t, `^sk_test_\w{20,}$`, first.stripeKey)
	assert.Regexp(t, `^whsec_\w{20,}$`, first.webhookSecret)
	session, err := os.ReadFile(filepath.Join(dir, "session-private.pem"))
	require.NoError(t, err)

	again, err := openKeys(dir)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	sessionAgain, err := os.ReadFile(filepath.Join(dir, "session-private.pem"))
	require.NoError(t, err)
	assert.Equal(t, session, sessionAgain, "a new key would sign everybody out")

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 7)
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}
