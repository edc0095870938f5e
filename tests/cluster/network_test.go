//go:build cluster

package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const probe = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":%q,"labels":%s},"spec":{"terminationGracePeriodSeconds":0,
"securityContext":{"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}},
"containers":[{"name":"c","image":"redis:7.2-alpine","command":["sleep","86400"],"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}`

// Who reaches whom, by connecting: pods that are nobody, and pods that have got the labels of somebody but not his certificate.
func TestNetworkPolicies(t *testing.T) {
	settle(t)
	ip := func(label, namespace string) string {
		out, err := cluster.kubectl(t.Context(), "get", "pods", "-l", label, "-n", namespace, "-o", "jsonpath={.items[0].status.podIP}")
		require.NoError(t, err)
		return out
	}
	name := "app.kubernetes.io/name="
	to := map[string]string{
		"store": ip(name+"redis", "marketplace") + " 6379", "broker": ip(name+"nats", "marketplace") + " 4222", "broker's figures": ip(name+"nats", "marketplace") + " 8222",
		"web": ip(name+"web", "marketplace") + " 8080", "sentry": ip("app=dapr-sentry", "dapr-system") + " 50001", "names": ip("k8s-app=kube-dns", "kube-system") + " 53",
		"API server": nodeIP + " 6443",
	}
	for service, port := range map[string]string{"auth": "3001", "tickets": "3002", "orders": "3003", "payments": "3004", "expiration": "3005", "handover": "3006", "mail": "3007"} {
		at := ip(name+service, "marketplace")
		to[service], to[service+"'s sidecar"], to[service+"'s figures"] = at+" "+port, at+" 50002", at+" 9464"
	}
	all := []struct {
		name, namespace, labels string
		reaches                 []string
	}{
		{"stranger", "marketplace", `{}`, []string{"names"}},
		{"stranger", "default", `{}`, []string{"names", "sentry", "API server"}},
		{"like-store", "marketplace", `{"needs-store":"true"}`, []string{"names", "store"}},
		{"like-broker", "marketplace", `{"needs-broker":"true"}`, []string{"names", "broker"}},
		{"like-service", "marketplace", `{"app.kubernetes.io/component":"service"}`, []string{"names", "sentry"}},
	}
	for _, who := range all {
		_, err := cluster.kubectlWith(t.Context(), fmt.Appendf(nil, probe, who.name, who.namespace, who.labels), "apply", "-f", "-")
		require.NoError(t, err)
		t.Cleanup(func() {
			_, _ = cluster.kubectl(context.Background(), "delete", "pod", who.name, "-n", who.namespace, "--now")
		})
		_, err = cluster.kubectl(t.Context(), "wait", "--for=condition=Ready", "pod/"+who.name, "-n", who.namespace, "--timeout=2m")
		require.NoError(t, err)
	}
	time.Sleep(5 * time.Second) // until the plugin has seen them
	for _, who := range all {
		t.Run(who.name+" in "+who.namespace, func(t *testing.T) {
			for where, address := range to {
				host, port, _ := strings.Cut(address, " ")
				try := fmt.Sprintf("if command -v nc >/dev/null; then nc -z -w 2 %[1]s %[2]s; else timeout 2 bash -c 'exec 3<>/dev/tcp/%[1]s/%[2]s'; fi && echo open || echo shut", host, port)
				out, err := cluster.kubectl(t.Context(), "exec", who.name, "-n", who.namespace, "--", "sh", "-c", try)
				require.NoError(t, err)
				want := "shut"
				for _, r := range who.reaches {
					if r == where {
						want = "open"
					}
				}
				assert.Equal(t, want, strings.TrimSpace(out), where)
			}
		})
	}
}

// Who may invoke what, asked through the callers' own sidecars: the certificate says who they are. What is allowed gets further
// than the sidecar, whatever the service says to it.
func TestAccessControl(t *testing.T) {
	settle(t)
	for caller, calls := range map[string]map[string]bool{
		"web": {
			"GET orders/api/orders": true, "GET expiration/healthz": true, "GET tickets/api/tickets": true,
			"POST orders/internal/orders/x/checkout": false, "POST orders/events/tickets": false, "GET tickets/livez": false,
		},
		"payments":   {"POST orders/internal/orders/x/checkout": true, "GET orders/api/orders": false, "GET orders/healthz": false},
		"orders":     {"GET payments/api/payments/x": false, "GET tickets/api/tickets/x": true, "POST tickets/api/tickets": false},
		"tickets":    {"GET auth/api/users/currentuser": false, "GET auth/internal/sessions/ended": true},
		"expiration": {"GET orders/api/orders": false},
		"auth":       {"GET web/": false, "GET orders/internal/buyers": true},
	} {
		t.Run(caller, func(t *testing.T) {
			sidecar := forward(t, "deployment/"+caller, "3500")
			for call, allowed := range calls {
				method, rest, _ := strings.Cut(call, " ")
				app, path, _ := strings.Cut(rest, "/")
				req, err := http.NewRequest(method, sidecar+"/v1.0/invoke/"+app+"/method/"+path, nil)
				require.NoError(t, err)
				resp, err := client.Do(req)
				require.NoError(t, err)
				resp.Body.Close()
				if allowed {
					assert.NotContains(t, []int{403, 500, 502}, resp.StatusCode, call)
				} else {
					assert.Equal(t, 403, resp.StatusCode, call)
				}
			}
		})
	}
}

// forward is a way to a port of a pod until the test ends.
func forward(t *testing.T, to, port string) string {
	t.Helper()
	cmd := cluster.inside(t.Context(), at(cluster.root, "kubectl"), "port-forward", "-n", "marketplace", to, ":"+port)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	said := make([]byte, 200)
	n, err := out.Read(said)
	require.NoError(t, err)
	found := regexp.MustCompile(`127\.0\.0\.1:\d+`).Find(said[:n])
	require.NotEmpty(t, found, "%s", said[:n])
	return "http://" + string(found)
}

// No pod can ask the API server for anything: none has a token.
func TestNoPodHasAToken(t *testing.T) {
	out := kube(t, "get", "pods", "-o", `jsonpath={range .items[*]}{.metadata.name}={.spec.automountServiceAccountToken} {range .spec.volumes[*]}{.name},{end}{"\n"}{end}`)
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		assert.Contains(t, line, "=false", line)
		assert.NotContains(t, line, "kube-api-access", line)
	}
}
