package deploy

import (
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

// What k8s/README.md says that production asks for is what its pods request, as many as there are at least.
func TestTheReadmeSaysWhatProductionAsksFor(t *testing.T) {
	m := variant(t, "production")
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
	said := regexp.MustCompile("`overlays/production` asks for ([0-9.]+) CPUs and ([0-9.]+) GiB").FindStringSubmatch(readme(t))
	require.NotNil(t, said)
	for i, asked := range []float64{cpu.AsApproximateFloat64(), memory.AsApproximateFloat64() / (1 << 30)} {
		written, err := strconv.ParseFloat(said[i+1], 64)
		require.NoError(t, err)
		assert.InDelta(t, asked, written, 0.1, said[0])
	}
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
