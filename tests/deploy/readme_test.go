package deploy

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "/k8s/README.md")
	require.NoError(t, err)
	return string(text)
}

// What k8s/README.md says that production and small ask for is what their pods request, as many as there are at least.
func TestTheReadmeSaysWhatProductionAsksFor(t *testing.T) {
	asksFor(t, variant(t, "production"), "`overlays/production` asks for ([0-9.]+) CPUs and ([0-9.]+) GiB")
	asksFor(t, variant(t, "production on MongoDB"), `with .choices/mongodb. for ([0-9.]+) and ([0-9.]+)\)`)
	asksFor(t, variant(t, "small"), "`overlays/small` asks for ([0-9.]+) CPUs and ([0-9.]+) GiB")
}

func asksFor(t *testing.T, m *market, sentence string) {
	t.Helper()
	var cpu, memory resource.Quantity
	ask := func(pods int64, spec core.PodSpec, notes map[string]string) {
		for range pods {
			for _, c := range spec.Containers {
				cpu.Add(*c.Resources.Requests.Cpu())
				memory.Add(*c.Resources.Requests.Memory())
			}
			if notes["dapr.io/enabled"] == "true" {
				cpu.Add(resource.MustParse(notes["dapr.io/sidecar-cpu-request"]))
				memory.Add(resource.MustParse(notes["dapr.io/sidecar-memory-request"]))
			}
		}
	}
	for name, d := range m.deployments {
		pods := int32(1)
		if d.Spec.Replicas != nil {
			pods = *d.Spec.Replicas
		}
		if s := m.scalers[name]; s != nil {
			pods = *s.Spec.MinReplicas
		}
		ask(int64(pods), d.Spec.Template.Spec, d.Spec.Template.Annotations)
	}
	for _, s := range m.statefulSets {
		ask(int64(*s.Spec.Replicas), s.Spec.Template.Spec, s.Spec.Template.Annotations)
	}
	said := regexp.MustCompile(sentence).FindStringSubmatch(readme(t))
	require.NotNil(t, said)
	for i, asked := range []float64{cpu.AsApproximateFloat64(), memory.AsApproximateFloat64() / (1 << 30)} {
		written, err := strconv.ParseFloat(said[i+1], 64)
		require.NoError(t, err)
		assert.InDelta(t, asked, written, 0.1, said[0])
	}
}

// A PostgreSQL must take as many connections as the README says: each sidecar's, of all that the autoscalers allow.
func TestTheReadmeSaysHowManyConnections(t *testing.T) {
	m := variant(t, "production")
	store := m.components["statestore"]
	each := 0
	for _, item := range store.Spec.Metadata {
		if item.Name == "maxConns" {
			each, _ = strconv.Atoi(item.Value.String())
		}
	}
	least, most := 0, 0
	for _, app := range store.Scopes {
		least += each * int(*m.scalers[app].Spec.MinReplicas)
		most += each * int(m.scalers[app].Spec.MaxReplicas)
	}
	require.NotZero(t, least)
	assert.Contains(t, readme(t), fmt.Sprintf("Sidecars open %d connections at first and up to %d", least, most))
}

// The lines by which a service in another language gets its memory fit the objects.
func TestTheReadmesPatchForAnotherLanguageFits(t *testing.T) {
	lines := regexp.MustCompile("(?s)```yaml\n(patches:\n.*?)```").FindStringSubmatch(readme(t))
	require.NotNil(t, lines)
	text, err := build("production", edit{"k8s/overlays/production/kustomization.yaml", "images:\n", lines[1] + "images:\n"})
	require.NoError(t, err)
	m, err := decode(text)
	require.NoError(t, err)
	app := m.deployments["expiration"].Spec.Template.Spec.Containers[0]
	assert.Equal(t, "app", app.Name)
	assert.Equal(t, "256Mi", app.Resources.Limits.Memory().String())
}
