package deploy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every secret is a reference, and the README has the command that makes it.
func TestSecretsAreReferencesAndDocumented(t *testing.T) {
	text, err := os.ReadFile(root + "/k8s/README.md")
	require.NoError(t, err)
	documented := secretsOf(string(text))
	verify(t, func(m *market, c code) []string {
		var wrong list
		for name := range m.secrets {
			wrong.add("Secret/%s: its values are in the repository", name)
		}
		needs := func(who, secret, key string) {
			switch keys, known := documented[secret]; {
			case !known:
				wrong.add("%s: the README does not make the secret %s", who, secret)
			case !slices.Contains(keys, key):
				wrong.add("%s: the README's secret %s has no %s", who, secret, key)
			}
		}
		for _, w := range m.workloads() {
			pod, err := inject(w)
			if err != nil {
				wrong.add("%s: %v", w.name, err)
				continue
			}
			for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
				for _, v := range container.Env {
					if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
						needs(w.name, v.ValueFrom.SecretKeyRef.Name, v.ValueFrom.SecretKeyRef.Key)
					}
					if regexp.MustCompile(`(?i)(password|secret|token)`).MatchString(v.Name) && v.Value != "" {
						wrong.add("%s: %s is in the open", w.name, v.Name)
					}
				}
			}
			for _, v := range pod.Spec.Volumes {
				if v.Secret == nil {
					continue
				}
				for _, item := range v.Secret.Items {
					needs(w.name, v.Secret.SecretName, item.Key)
				}
				if len(v.Secret.Items) == 0 {
					wrong.add("%s: mounts all of the secret %s", w.name, v.Secret.SecretName)
				}
			}
			if private := strings.Contains(w.name, "/auth"); !private {
				for _, v := range pod.Spec.Volumes {
					if v.Secret != nil && v.Secret.SecretName == "session-private" {
						wrong.add("%s holds the key that only auth may have", w.name)
					}
				}
			}
		}
		for name, component := range m.components {
			for _, item := range component.Spec.Metadata {
				if item.SecretKeyRef.Name != "" {
					needs("Component/"+name, item.SecretKeyRef.Name, item.SecretKeyRef.Key)
				}
			}
		}
		for name, i := range m.ingresses {
			for _, tls := range i.Spec.TLS {
				needs("Ingress/"+name, tls.SecretName, "tls.key")
			}
			if len(i.Spec.TLS) == 0 {
				wrong.add("Ingress/%s: plain HTTP", name)
			}
		}
		for name, g := range m.gateways {
			for _, l := range g.Spec.Listeners {
				if l.TLS != nil {
					needs("Gateway/"+name, string(l.TLS.CertificateRefs[0].Name), "tls.key")
				}
			}
		}
		return wrong.sorted()
	},
		spoil{"a key that was renamed", "", func(m *market, c *code) {
			m.components["statestore"].Spec.Metadata[0].SecretKeyRef.Key = "url"
		}, "Component/statestore: the README's secret store has no url"},
		spoil{"a secret that the README has not heard of", "", func(m *market, c *code) {
			m.deployments["web"].Spec.Template.Annotations["dapr.io/app-token-secret"] = "token"
		}, "Deployment/web: the README does not make the secret token"},
		spoil{"the private key at another service", "", func(m *market, c *code) {
			m.deployments["orders"].Spec.Template.Spec.Volumes[0].Secret.SecretName = "session-private"
		}, "Deployment/orders holds the key"},
		spoil{"a password in the open", "", func(m *market, c *code) {
			e := &container(&m.statefulSets["nats"].Spec.Template.Spec, "nats").Env[1]
			e.Value, e.ValueFrom = "hunter2", nil
		}, "StatefulSet/nats: NATS_PASSWORD is in the open"},
		spoil{"an ingress without TLS", "", func(m *market, c *code) { m.ingresses["web"].Spec.TLS = nil }, "Ingress/web: plain HTTP"},
	)
}

var (
	generic  = regexp.MustCompile(`kubectl create secret (generic|tls) ([a-z-]+)((?:[^\n]*\\\n)*[^\n]*)`)
	secretOf = regexp.MustCompile(`--from-(?:literal|file)=([A-Za-z0-9._-]+)=`)
)

// secretsOf reads the README's commands: a secret's name and its keys.
func secretsOf(readme string) map[string][]string {
	all := map[string][]string{}
	for _, found := range generic.FindAllStringSubmatch(readme, -1) {
		keys := all[found[2]]
		if found[1] == "tls" {
			keys = append(keys, "tls.crt", "tls.key")
		}
		for _, key := range secretOf.FindAllStringSubmatch(found[3], -1) {
			keys = append(keys, key[1])
		}
		all[found[2]] = keys
	}
	return all
}

func TestTheReadmeIsRead(t *testing.T) {
	assert.Equal(t, map[string][]string{"a": {"x", "y.pem"}, "b": {"tls.crt", "tls.key"}},
		secretsOf("kubectl create secret generic a --from-literal=x=1 \\\n  --from-file=y.pem=z\nkubectl create secret tls b --cert=c\n"))
}
