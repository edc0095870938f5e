// Package deploy holds what k8s/ says against what the code does: every overlay is built with kustomize, every object
// read strictly into its real type, and names, ports, topics, routes, settings and secrets compared with dapr.yaml and
// the services' source. Where Dapr, Kubernetes or NATS has code that decides (who may invoke what, what the injector
// adds, which pods a namespace admits, what a server's configuration means), that code decides here too.
//
// It is a module of its own: what it needs is no business of the services.
package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is the repository, seen from here.
const root = "../.."

// edit changes a file of k8s/ before it is built.
type edit struct{ file, old, new string }

// variants are everything that is built: the overlays, and the choices that production does not make.
var variants = map[string]struct {
	overlay string
	edits   []edit
}{
	"dev":        {overlay: "dev"},
	"production": {overlay: "production"},
	"small":      {overlay: "small"},
	"production on Redis": {overlay: "production", edits: []edit{
		{"k8s/overlays/production/kustomization.yaml", "choices/postgresql ", "choices/redis "}}},
	"production on MongoDB": {overlay: "production", edits: []edit{
		{"k8s/overlays/production/kustomization.yaml", "choices/postgresql ", "choices/mongodb "}}},
	"production with Gateway API, without tracing": {overlay: "production", edits: []edit{ // and without monitoring
		{"k8s/overlays/production/kustomization.yaml", "choices/ingress ", "choices/gateway "},
		{"k8s/overlays/production/kustomization.yaml", "  - ../../choices/monitoring", "  #"},
		{"k8s/overlays/production/kustomization.yaml", "  - ../../choices/tracing", "  #"}}},
}

// build is `kubectl kustomize k8s/overlays/<overlay>`, with its default options.
func build(overlay string, edits ...edit) ([]byte, error) {
	files := filesys.MakeFsInMemory()
	for _, folder := range []string{"k8s", "components"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			inside, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return files.WriteFile("/"+filepath.ToSlash(inside), text)
		})
		if err != nil {
			return nil, err
		}
	}
	for _, e := range edits {
		text, err := files.ReadFile("/" + e.file)
		if err != nil {
			return nil, err
		}
		changed := strings.Replace(string(text), e.old, e.new, 1)
		if changed == string(text) {
			return nil, &fs.PathError{Op: "edit", Path: e.file, Err: fs.ErrNotExist}
		}
		if err := files.WriteFile("/"+e.file, []byte(changed)); err != nil {
			return nil, err
		}
	}
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/k8s/overlays/"+overlay)
	if err != nil {
		return nil, err
	}
	return objects.AsYaml()
}

// built is each variant's YAML, made once.
var built = sync.OnceValues(func() (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, v := range variants {
		text, err := build(v.overlay, v.edits...)
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return all, nil
})

// variant is a fresh copy of a variant's objects, to read or to spoil.
func variant(t *testing.T, name string) *market {
	t.Helper()
	all, err := built()
	require.NoError(t, err)
	m, err := decode(all[name])
	require.NoError(t, err)
	return m
}

func TestOverlaysBuildFromTheirFoldersToo(t *testing.T) {
	overlays, err := filepath.Glob(root + "/k8s/overlays/*/kustomization.yaml")
	require.NoError(t, err)
	require.Len(t, overlays, 3, "a new overlay belongs into variants")
	all, err := built()
	require.NoError(t, err)
	for _, file := range overlays {
		name := filepath.Base(filepath.Dir(file))
		objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Dir(file))
		require.NoError(t, err, name)
		text, err := objects.AsYaml()
		require.NoError(t, err)
		require.Equal(t, string(all[name]), string(text), name)
	}
}
