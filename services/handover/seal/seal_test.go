package seal_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/seal"
)

func line(id, letter string) string {
	return id + " " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32))) + "\n"
}

func keys(t *testing.T, text string) (*seal.Keys, error) {
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return seal.ReadKeys(file)
}

func TestASealOpensForWhatItBelongsTo(t *testing.T) {
	k, err := keys(t, line("a", "x"))
	require.NoError(t, err)
	plain := []byte("ADMIT ONE \x00\xff")
	sealed := k.Seal(plain, "T/1")
	assert.NotContains(t, string(sealed), "ADMIT")
	assert.Regexp(t, `^S1\.a\.[A-Za-z0-9_-]+$`, string(sealed), "text, which every store keeps as it is")
	assert.NotEqual(t, sealed, k.Seal(plain, "T/1"), "never alike")
	got, err := k.Open(sealed, "T/1")
	require.NoError(t, err)
	assert.Equal(t, plain, got)

	another, err := keys(t, line("a", "y"))
	require.NoError(t, err)
	_, err = another.Open(sealed, "T/1")
	assert.ErrorIs(t, err, seal.ErrSealed, "another key of the same name")
	renamed, err := keys(t, line("b", "x"))
	require.NoError(t, err)
	for name, envelope := range map[string]string{
		"cut off": string(sealed[:len(sealed)-1]), "changed": string(sealed[:len(sealed)-6]) + "AAAAAA", "nothing": "", "rubbish": "S1.a.!", "short": "S1.a.AAAA",
		"another version": strings.Replace(string(sealed), "S1", "S2", 1),
	} {
		_, err := k.Open([]byte(envelope), "T/1")
		assert.ErrorIs(t, err, seal.ErrSealed, name)
	}
	_, err = k.Open(sealed, "U/1")
	assert.ErrorIs(t, err, seal.ErrSealed, "another ticket's")
	_, err = renamed.Open([]byte(strings.Replace(string(sealed), ".a.", ".b.", 1)), "T/1")
	assert.ErrorIs(t, err, seal.ErrSealed, "the key's name is sealed, too")
}

func TestKeysCanBeChanged(t *testing.T) {
	before, err := keys(t, line("old", "x"))
	require.NoError(t, err)
	sealed := before.Seal([]byte("1"), "T")
	during, err := keys(t, line("new", "y")+"\n"+line("old", "x"))
	require.NoError(t, err)
	_, err = during.Open(sealed, "T")
	require.NoError(t, err)
	fresh := during.Seal([]byte("2"), "T")
	after, err := keys(t, line("new", "y"))
	require.NoError(t, err)
	_, err = after.Open(fresh, "T")
	require.NoError(t, err)
	_, err = after.Open(sealed, "T")
	assert.ErrorIs(t, err, seal.ErrSealed)
}

func TestKeysThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no name": strings.TrimPrefix(line("", "x"), " "), "short": "a " + base64.StdEncoding.EncodeToString(make([]byte, 16)), "not base64": "a !",
		"one name twice": line("a", "x") + line("a", "y"), "a name with a dot": line("a.b", "x"),
	} {
		_, err := keys(t, text)
		assert.Error(t, err, name)
	}
	_, err := seal.ReadKeys(filepath.Join(t.TempDir(), "none"))
	assert.Error(t, err)
}
