//go:build cluster

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A budget lets one replica of a service be evicted, and not the other before there is a new one.
func TestABudgetKeepsOneReplica(t *testing.T) {
	settle(t)
	kube(t, "scale", "deployment/orders", "--replicas=2")
	t.Cleanup(func() {
		_, _ = cluster.kubectl(context.Background(), "scale", "deployment/orders", "--replicas=1", "-n", "marketplace")
	})
	settle(t)
	replicas := strings.Fields(kube(t, "get", "pods", "-l", "app.kubernetes.io/name=orders", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}"))
	require.Len(t, replicas, 2)
	evict := func(pod string) error {
		eviction := fmt.Appendf(nil, `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":"marketplace"}}`, pod)
		_, err := cluster.kubectlWith(t.Context(), eviction, "create", "--raw", "/api/v1/namespaces/marketplace/pods/"+pod+"/eviction", "-f", "-")
		return err
	}
	require.NoError(t, evict(replicas[0]))
	assert.ErrorContains(t, evict(replicas[1]), "disruption budget")
	settle(t)
}

// The autoscaler of base/ sees what pods use and has at least two of a service.
func TestTheAutoscaler(t *testing.T) {
	settle(t)
	text, err := os.ReadFile(filepath.Join(root, "k8s", "base", "tickets.yaml"))
	require.NoError(t, err)
	for _, object := range strings.Split(string(text), "\n---\n") {
		if strings.Contains(object, "kind: HorizontalPodAutoscaler") {
			_, err := cluster.kubectlWith(t.Context(), []byte(object), "apply", "-n", "marketplace", "-f", "-")
			require.NoError(t, err)
		}
	}
	t.Cleanup(func() {
		_, _ = cluster.kubectl(context.Background(), "delete", "hpa", "tickets", "-n", "marketplace")
		_, _ = cluster.kubectl(context.Background(), "scale", "deployment/tickets", "--replicas=1", "-n", "marketplace")
	})
	require.NoError(t, until(t.Context(), 3*time.Minute, func() error {
		seen := kube(t, "get", "hpa", "tickets", "-o", `jsonpath={.status.currentReplicas} {.status.currentMetrics[0].resource.current.averageUtilization} {.status.conditions[?(@.type=="ScalingActive")].status}`)
		parts := strings.Fields(seen)
		if len(parts) != 3 || parts[0] != "2" || parts[2] != "True" {
			return fmt.Errorf("replicas, use in percent, active: %q", seen)
		}
		return nil
	}))
}

// Backup and restore of Redis, as k8s/README.md has it: everything is stopped, the volume of then is put back, the overlay applied.
// What was sold then is sold; what came later is gone.
func TestBackupAndRestore(t *testing.T) {
	if os.Getenv("SITE") != "" {
		t.Skip("the disks of another cluster are not ours to copy")
	}
	settle(t)
	seller, buyer := newSeller(t), newcomer(t)
	list := func(title string) string {
		status, body := seller.ask("POST", "/api/tickets", `{"title":"`+title+`","price":5}`)
		require.Equal(t, 201, status, "%s", body)
		return field(body, "id")
	}
	sold := list("Sold before")
	status, body := buyer.ask("POST", "/api/orders", `{"ticketId":"`+sold+`"}`)
	require.Equal(t, 201, status, "%s", body)
	order := field(body, "id")
	status, body = buyer.ask("POST", "/api/payments", `{"orderId":"`+order+`","token":"tok_visa"}`)
	require.Equal(t, 201, status, "%s", body)
	require.NoError(t, complete(buyer, order))

	disk := filepath.Join(cluster.dir, "disks", strings.TrimPrefix(kube(t, "get", "pvc", "data-redis-0", "-o", "jsonpath={.spec.volumeName}"), "disk-"))
	copied := filepath.Join(t.TempDir(), "volume")
	require.NoError(t, cluster.inside(t.Context(), "cp", "-a", disk, copied).Run())
	later := list("Listed later")

	kube(t, "delete", "hpa", "--all")
	kube(t, "scale", "deployment", "--all", "--replicas=0")
	kube(t, "scale", "statefulset/redis", "--replicas=0")
	kube(t, "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=redis", "--timeout=3m")
	require.NoError(t, cluster.inside(t.Context(), "sh", "-c", "rm -rf "+disk+"/* && cp -a "+copied+"/. "+disk).Run())
	kube(t, "scale", "statefulset/redis", "--replicas=1")
	kube(t, "delete", "job", "streams", "--ignore-not-found")
	kube(t, "apply", "-k", root+"/k8s/overlays/dev")
	kube(t, "scale", "deployment", "--all", "--replicas=1")
	settle(t)

	status, body = buyer.ask("GET", "/api/orders/"+order, "")
	assert.Equal(t, 200, status)
	assert.Equal(t, "complete", field(body, "status"))
	status, _ = buyer.ask("GET", "/api/tickets/"+later, "")
	assert.Equal(t, 404, status)
	status, body = buyer.ask("POST", "/api/orders", `{"ticketId":"`+list("Listed after")+`"}`)
	assert.Equal(t, 201, status, "%s", body)
}
