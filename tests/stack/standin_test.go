package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repositoryWith is a repository with these files in tests/polyglot.
func repositoryWith(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, "tests", "polyglot", path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

func TestAStandInIsChosenByTheNameOfItsService(t *testing.T) {
	t.Setenv("EXPIRATION", "python")
	o, err := Options{Root: repositoryWith(t, map[string]string{"expiration-python/main.py": ""})}.Chosen()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"expiration": "python"}, o.StandIns)
	assert.True(t, o.ownRunFile(), "the repository's runs our own")

	all, err := o.standIns()
	require.NoError(t, err)
	require.Len(t, all, 1)
	f := runFile{Apps: []App{{ID: "web"}, {ID: "expiration", Command: []string{".local/bin/expiration"}}}}
	require.NoError(t, f.standIn(all[0]))
	assert.Equal(t, []string{filepath.Join(all[0].in, "bin/python"), "-B", filepath.Join(all[0].from, "main.py")}, f.Apps[1].Command)
}

func TestAStandInThatIsNotThereIsRefusedWithTheChoices(t *testing.T) {
	root := repositoryWith(t, map[string]string{"expiration-python/main.py": "", "expiration-typescript/main.ts": ""})
	_, err := Options{Root: root, StandIns: map[string]string{"expiration": "cobol"}}.standIns()
	assert.EqualError(t, err, "there is no expiration-cobol in tests/polyglot; the choices are python, typescript")
}

func TestWhatIsInstalledFollowsTheLockFile(t *testing.T) {
	at := func(files map[string]string) string {
		all, err := Options{Root: repositoryWith(t, files), StandIns: map[string]string{"expiration": "python"}}.standIns()
		require.NoError(t, err)
		return filepath.Base(all[0].in)
	}
	first := at(map[string]string{"expiration-python/main.py": "1", "expiration-python/requirements.txt": "a==1"})
	assert.Equal(t, first, at(map[string]string{"expiration-python/main.py": "2", "expiration-python/requirements.txt": "a==1"}), "run where it is")
	assert.NotEqual(t, first, at(map[string]string{"expiration-python/main.py": "1", "expiration-python/requirements.txt": "a==2"}))
}

func TestALanguageThatIsNotInstalledIsNamedInOneSentence(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for chosen, said := range map[string]string{
		"python":     "expiration-python needs python3 with venv: apt-get install python3-venv",
		"typescript": "expiration-typescript needs node 20 or newer and npm: apt-get install nodejs npm",
	} {
		o := Options{Root: repositoryWith(t, map[string]string{"expiration-" + chosen + "/x": ""}), StandIns: map[string]string{"expiration": chosen}}
		assert.EqualError(t, o.missingStandIns(), said)
	}
}
