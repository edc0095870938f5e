//go:build cluster

package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every pod is killed in turn while people trade: the services, the broker, the store. Its place is taken, and every purchase
// that was under way ends as if nothing had been: a request that failed did so with a 503, and was sent again.
func TestEveryPodIsKilledUnderTrade(t *testing.T) {
	settle(t)
	for _, pod := range strings.Fields(kube(t, "get", "pods", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}")) {
		part := kube(t, "get", "pod", pod, "-o", `jsonpath={.metadata.labels.app\.kubernetes\.io/name}`)
		t.Run(part, func(t *testing.T) {
			end := trading(t, 2)
			time.Sleep(2 * time.Second)
			began := time.Now()
			kube(t, "delete", "pod", pod, "--grace-period=0", "--force")
			settle(t)
			back := time.Since(began).Round(time.Second)
			time.Sleep(2 * time.Second)
			t.Logf("%s was back after %v; %d tickets sold meanwhile", part, back, end())
		})
	}
}

// One service away is not the site away: the others answer, what needs it is told to come back, and web stays in its Service.
func TestOneServiceAwayIsNotTheSiteAway(t *testing.T) {
	settle(t)
	seller, buyer := newSeller(t), newcomer(t)
	kube(t, "scale", "deployment/orders", "--replicas=0")
	t.Cleanup(func() {
		_, _ = cluster.kubectl(context.Background(), "scale", "deployment/orders", "--replicas=1", "-n", "marketplace")
	})
	kube(t, "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=orders", "--timeout=2m")
	time.Sleep(30 * time.Second) // two probes and more
	for _, path := range []string{"/", "/api/tickets", "/api/users/currentuser"} {
		status, _, err := buyer.once("GET", path, "")
		assert.NoError(t, err, path)
		assert.Equal(t, 200, status, path)
	}
	status, body, err := buyer.once("POST", "/api/orders", `{"ticketId":"none"}`)
	assert.NoError(t, err)
	assert.Equal(t, 503, status, "%s", body)
	status, body = seller.ask("POST", "/api/tickets", `{"title":"Listed meanwhile","price":5}`)
	assert.Equal(t, 201, status, "%s", body)
	kube(t, "scale", "deployment/orders", "--replicas=1")
	settle(t)
	status, body = buyer.ask("POST", "/api/orders", `{"ticketId":"`+field(body, "id")+`"}`)
	assert.Equal(t, 201, status, "its event waited: %s", body)
}

// New images under another tag, one service after the other, and back by the overlay of before, under trade.
func TestARollingUpgradeAndBackUnderTrade(t *testing.T) {
	if os.Getenv("SITE") != "" {
		t.Skip("the images of another cluster are not ours to tag")
	}
	settle(t)
	end := trading(t, 2)
	services := strings.Fields(kube(t, "get", "deployments", "-l", "app.kubernetes.io/component=service", "-o", "jsonpath={.items[*].metadata.name}"))
	for _, name := range services {
		require.NoError(t, cluster.ctr(t.Context(), nil, "images", "tag", "--force", "docker.io/marketplace/"+name+":dev", "docker.io/marketplace/"+name+":next"))
		kube(t, "set", "image", "deployment/"+name, "app=marketplace/"+name+":next")
	}
	settle(t)
	kube(t, "delete", "job", "streams", "--ignore-not-found")
	kube(t, "apply", "-k", root+"/k8s/overlays/dev")
	settle(t)
	for _, name := range services {
		assert.Equal(t, "marketplace/"+name+":dev", kube(t, "get", "deployment", name, "-o", "jsonpath={.spec.template.spec.containers[0].image}"))
	}
	t.Logf("%d tickets sold meanwhile", end())
}
