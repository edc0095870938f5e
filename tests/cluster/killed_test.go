//go:build cluster

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// New images one after the other, and back, under trade.
func TestARollingUpgradeAndBackUnderTrade(t *testing.T) {
	settle(t)
	end := trading(t, 2)
	kube(t, "rollout", "restart", "deployment")
	settle(t)
	kube(t, "rollout", "undo", "deployment/orders")
	settle(t)
	t.Logf("%d tickets sold meanwhile", end())
}
