package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// module is the folder of a module that this one requires, with what is in it besides Go.
var module = sync.OnceValues(func() (map[string]string, error) {
	folders := map[string]string{}
	for _, name := range []string{"github.com/dapr/dapr", "github.com/dapr/components-contrib"} {
		out, err := exec.Command("go", "mod", "download", "-json", name).Output()
		if err != nil {
			return nil, fmt.Errorf("go mod download %s: %w", name, err)
		}
		var m struct{ Dir string }
		if err := json.Unmarshal(out, &m); err != nil {
			return nil, err
		}
		folders[name] = m.Dir
	}
	return folders, nil
})

// metadataOf are the settings that Dapr documents for a component type; a misspelt one it would ignore without a word.
func metadataOf(t *testing.T, kind string) []string {
	t.Helper()
	folders, err := module()
	require.NoError(t, err)
	folder := filepath.Join(append([]string{folders["github.com/dapr/components-contrib"]}, strings.Split(kind, ".")...)...)
	files, err := filepath.Glob(filepath.Join(folder, "v2", "metadata.yaml")) // of a type with versions we use the second
	require.NoError(t, err)
	text, err := os.ReadFile(append(files, filepath.Join(folder, "metadata.yaml"))[0])
	require.NoError(t, err)
	type field struct {
		Name string `json:"name"`
	}
	var doc struct {
		Metadata []field `json:"metadata"`
		Profiles []struct {
			Metadata []field `json:"metadata"`
		} `json:"authenticationProfiles"`
	}
	require.NoError(t, yaml.Unmarshal(text, &doc))
	names := []string{"keyPrefix", "concurrencyMode"} // the runtime's own, for every component
	for _, f := range doc.Metadata {
		names = append(names, f.Name)
	}
	for _, p := range doc.Profiles {
		for _, f := range p.Metadata {
			names = append(names, f.Name)
		}
	}
	return names
}

// The components are those that the code names, with settings that Dapr knows, for the services that use them.
func TestComponentsServeTheServicesThatUseThem(t *testing.T) {
	known := map[string][]string{}
	for _, kind := range []string{"state.redis", "state.mongodb", "state.postgresql", "pubsub.jetstream", "bindings.smtp"} {
		known[kind] = metadataOf(t, kind)
	}
	verify(t, func(m *market, c code) []string {
		var wrong list
		users := map[string][]string{}
		for name, component := range m.components {
			kind := component.Spec.Type
			if !slices.Contains(c.components, name) {
				wrong.add("no code uses the component %s", name)
			}
			var given []string
			for _, item := range component.Spec.Metadata {
				given = append(given, item.Name)
				if !slices.Contains(known[kind], item.Name) {
					wrong.add("%s: %s knows no setting %s", name, kind, item.Name)
				}
				if strings.Contains(strings.ToLower(item.Name), "password") && item.SecretKeyRef.Name == "" {
					wrong.add("%s: %s is no secret", name, item.Name)
				}
			}
			for _, needed := range map[string][]string{
				"state.redis": {"redisHost", "redisPassword"}, "state.mongodb": {"connectionString", "writeconcern", "readconcern"}, "state.postgresql": {"connectionString"}, "pubsub.jetstream": {"natsURL"}, "bindings.smtp": {"host", "port", "emailFrom"},
			}[kind] {
				if !slices.Contains(given, needed) {
					wrong.add("%s: %s is missing", name, needed)
				}
			}
			if component.Auth.SecretStore != "kubernetes" {
				wrong.add("%s: its secrets are looked for in %q, which only a sidecar with a right to read secrets could ask", name, component.Auth.SecretStore)
			}
			group, _, _ := strings.Cut(kind, ".")
			users[group] = append(users[group], component.Scopes...)
		}
		for _, name := range c.components {
			if m.components[name] == nil {
				wrong.add("the code uses the component %s, which is not there", name)
			}
		}
		for _, of := range []struct {
			group, label string
			by           map[string]bool
		}{{"pubsub", "needs-broker", c.listens}, {"state", "needs-store", c.keeps}} {
			want := slices.Sorted(maps.Keys(of.by))
			slices.Sort(users[of.group])
			if got := slices.Compact(users[of.group]); !slices.Equal(got, want) {
				wrong.add("%s is for %v, and used by %v", of.group, got, want)
			}
			var labelled []string
			for name, d := range m.deployments {
				if d.Labels[of.label] == "true" && d.Spec.Template.Labels[of.label] == "true" {
					labelled = append(labelled, name)
				}
			}
			slices.Sort(labelled)
			if !slices.Equal(labelled, want) {
				wrong.add("%s is on %v, and should be on %v", of.label, labelled, want)
			}
		}
		for name, r := range m.resiliencies {
			for app := range r.Spec.Targets.Apps {
				if _, ok := c.apps[app]; !ok {
					wrong.add("Resiliency/%s is for %s, which is no app", name, app)
				}
			}
			for component := range r.Spec.Targets.Components {
				if m.components[component] == nil {
					wrong.add("Resiliency/%s is for %s, which is no component", name, component)
				}
			}
			for app, target := range r.Spec.Targets.Apps {
				if _, ok := r.Spec.Policies.Timeouts[target.Timeout]; !ok || r.Spec.Policies.Retries[target.Retry].Policy == "" {
					wrong.add("Resiliency/%s: no such policy as %s wants", name, app)
				}
			}
		}
		if len(m.resiliencies) != 1 {
			wrong.add("%d Resiliency objects", len(m.resiliencies))
		}
		return wrong.sorted()
	},
		spoil{"a setting that Dapr would ignore", "production on MongoDB", func(m *market, c *code) { m.components["statestore"].Spec.Metadata[3].Name = "writeConcerns" }, "statestore: state.mongodb knows no setting writeConcerns"},
		spoil{"a component that the code calls otherwise", "dev", func(m *market, c *code) { c.components = []string{"pubsub", "store"} }, "the code uses the component store, which is not there"},
		spoil{"a service outside the scopes", "", func(m *market, c *code) { m.components["statestore"].Scopes = []string{"auth", "tickets", "orders"} }, "state is for [auth orders tickets], and used by"},
		spoil{"a service that listens no more", "", func(m *market, c *code) {
			c.listens = map[string]bool{"expiration": true, "handover": true, "mail": true, "orders": true, "payments": true, "tickets": true, "web": true}
		}, "needs-broker is on [auth desk expiration"},
		spoil{"a password in the open", "dev", func(m *market, c *code) {
			m.components["statestore"].Spec.Metadata[1].SecretKeyRef.Name = ""
		}, "statestore: redisPassword is no secret"},
		spoil{"a secret store that pods cannot read", "", func(m *market, c *code) { m.components["pubsub"].Auth.SecretStore = "secretstore" }, `pubsub: its secrets are looked for in "secretstore"`},
		spoil{"resilience for nobody", "", func(m *market, c *code) { delete(c.apps, "payments") }, "Resiliency/resiliency is for payments"},
	)
}

// Every folder of components/ calls the same thing by the same name, so that one can take another's place.
func TestComponentsHaveTheSameNamesInEveryFolder(t *testing.T) {
	c := facts(t)
	files, err := filepath.Glob(root + "/components/*/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var component components.Component
		if yaml.Unmarshal(text, &component) != nil || component.TypeMeta.Kind != "Component" || !strings.HasPrefix(component.TypeMeta.APIVersion, "dapr.io/") {
			continue
		}
		assert.Contains(t, append(slices.Clone(c.components), "secretstore", "contents"), component.Name, file)
		if strings.HasPrefix(component.Spec.Type, "state.") {
			assert.Equal(t, "statestore", component.Name, file)
			assert.ElementsMatch(t, slices.Collect(maps.Keys(c.keeps)), component.Scopes, file)
		}
	}
}

// The values for Dapr's Helm chart are values that the chart has.
func TestHelmValuesAreThoseOfTheChart(t *testing.T) {
	folders, err := module()
	require.NoError(t, err)
	chart := filepath.Join(folders["github.com/dapr/dapr"], "charts", "dapr")
	read := func(file string) map[string]any {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		values := map[string]any{}
		require.NoError(t, yaml.UnmarshalStrict(text, &values))
		return values
	}
	known := read(filepath.Join(chart, "values.yaml"))
	for _, sub := range []string{"dapr_sidecar_injector", "dapr_scheduler"} {
		known[sub] = read(filepath.Join(chart, "charts", sub, "values.yaml"))
	}
	values := read(root + "/k8s/dapr-values.yaml")
	assert.Empty(t, unknown(values, known, ""))
	assert.Equal(t, []string{".global.mtls.enable"}, unknown(map[string]any{"global": map[string]any{"mtls": map[string]any{"enable": true}}}, known, ""))
	assert.Equal(t, true, values["global"].(map[string]any)["mtls"].(map[string]any)["enabled"])
	assert.Equal(t, true, values["dapr_sidecar_injector"].(map[string]any)["sidecarDropALLCapabilities"], "TestPods... counts on it")
}

func unknown(values, known map[string]any, at string) []string {
	var all []string
	for key, v := range values {
		k, ok := known[key]
		if !ok {
			all = append(all, at+"."+key)
			continue
		}
		inner, isMap := v.(map[string]any)
		if of, ok := k.(map[string]any); isMap && ok && len(of) > 0 { // an empty map takes anything
			all = append(all, unknown(inner, of, at+"."+key)...)
		}
	}
	return all
}
