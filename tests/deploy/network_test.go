package deploy

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// place is an end of a connection: a pod of ours, a pod in another namespace, or an address outside.
type place struct {
	pod       map[string]string // its labels; nil for anybody in the namespace
	namespace string            // empty: outside the cluster
	address   string
}

func ours(m *market, name string) place {
	for _, w := range m.workloads() {
		if _, short, _ := strings.Cut(w.name, "/"); short == name {
			return place{pod: w.template.Labels, namespace: namespace}
		}
	}
	return place{pod: map[string]string{nameLabel: name}, namespace: namespace}
}

// reaches says whether the policies let a connection through: both ends must allow it, if they are ours.
func (m *market) reaches(from, to place, port int32) bool {
	return m.allows(networking.PolicyTypeEgress, from, to, port) && m.allows(networking.PolicyTypeIngress, to, from, port)
}

// allows is what the policies of one end say about the other.
func (m *market) allows(direction networking.PolicyType, own, other place, port int32) bool {
	if own.namespace != namespace {
		return true // not ours to say
	}
	selected := false
	for _, p := range m.policies {
		if !matches(&p.Spec.PodSelector, own.pod) || !slices.Contains(p.Spec.PolicyTypes, direction) {
			continue
		}
		selected = true
		if direction == networking.PolicyTypeIngress {
			for _, rule := range p.Spec.Ingress {
				if admits(rule.Ports, port) && admitsPeer(rule.From, other) {
					return true
				}
			}
			continue
		}
		for _, rule := range p.Spec.Egress {
			if admits(rule.Ports, port) && admitsPeer(rule.To, other) {
				return true
			}
		}
	}
	return !selected
}

func admits(ports []networking.NetworkPolicyPort, port int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networking.NetworkPolicyPort) bool { return p.Port != nil && p.Port.IntVal == port })
}

func admitsPeer(peers []networking.NetworkPolicyPeer, who place) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networking.NetworkPolicyPeer) bool {
		switch {
		case p.IPBlock != nil:
			if who.address == "" {
				return false
			}
			within := func(block string) bool {
				return netip.MustParsePrefix(block).Contains(netip.MustParseAddr(who.address))
			}
			return within(p.IPBlock.CIDR) && !slices.ContainsFunc(p.IPBlock.Except, within)
		case p.NamespaceSelector != nil:
			return who.namespace != "" && matches(p.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": who.namespace}) &&
				(p.PodSelector == nil || matches(p.PodSelector, who.pod))
		default:
			return who.namespace == namespace && matches(p.PodSelector, who.pod)
		}
	})
}

// Policies name ports that the pods they are about have, sidecars included.
func TestNetworkPoliciesNamePortsThatExist(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		ports := map[string][]int32{}
		for _, w := range m.workloads() {
			pod, err := inject(w)
			if err != nil {
				wrong.add("%s: %v", w.name, err)
				continue
			}
			for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
				for _, p := range container.Ports {
					ports[w.name] = append(ports[w.name], p.ContainerPort)
				}
			}
		}
		exist := func(policy string, of func(map[string]string) bool, named []networking.NetworkPolicyPort) {
			if len(named) == 0 {
				wrong.add("NetworkPolicy/%s opens every port", policy)
			}
			found := false
			for _, w := range m.workloads() {
				if !of(w.template.Labels) {
					continue
				}
				found = true
				for _, p := range named {
					if p.Port == nil || p.Port.Type != intstr.Int || !slices.Contains(ports[w.name], p.Port.IntVal) {
						wrong.add("NetworkPolicy/%s: %s has no port %v", policy, w.name, p.Port)
					}
				}
			}
			if !found {
				wrong.add("NetworkPolicy/%s is about no pod", policy)
			}
		}
		for name, p := range m.policies {
			own := func(l map[string]string) bool { return matches(&p.Spec.PodSelector, l) }
			for _, rule := range p.Spec.Ingress {
				exist(name, own, rule.Ports)
			}
			for _, rule := range p.Spec.Egress {
				for _, peer := range rule.To {
					if peer.PodSelector != nil && peer.NamespaceSelector == nil {
						exist(name, func(l map[string]string) bool { return matches(peer.PodSelector, l) }, rule.Ports)
					}
				}
			}
			if !slices.ContainsFunc(m.workloads(), func(w workload) bool { return own(w.template.Labels) }) {
				wrong.add("NetworkPolicy/%s selects no pod", name)
			}
		}
		return wrong.sorted()
	},
		spoil{"a broker on another port", "", func(m *market, c *code) {
			m.policies["nats"].Spec.Ingress[0].Ports[0].Port.IntVal = 4223
		}, "NetworkPolicy/nats: StatefulSet/nats has no port"},
		spoil{"a service's port that moved", "", func(m *market, c *code) {
			*port(container(&m.deployments["web"].Spec.Template.Spec, "app"), "app") = 8081
		}, "NetworkPolicy/web: Deployment/web has no port"},
		spoil{"a sidecar on another port", "", func(m *market, c *code) {
			m.deployments["auth"].Spec.Template.Annotations["dapr.io/internal-grpc-port"] = "50003"
		}, "NetworkPolicy/auth: Deployment/auth has no port"},
		spoil{"a policy for nobody", "", func(m *market, c *code) {
			m.policies["orders"].Spec.PodSelector.MatchLabels[nameLabel] = "order"
		}, "NetworkPolicy/orders selects no pod"},
		spoil{"a policy without ports", "", func(m *market, c *code) { m.policies["orders"].Spec.Ingress[0].Ports = nil }, "NetworkPolicy/orders opens every port"},
	)
}

// Who reaches whom: worked out from the policies as a network would, for every pair.
func TestOnlyWhatMustTalkCanTalk(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		must := func(want bool, from string, a, b place, to string, port int32) {
			switch got := m.reaches(a, b, port); {
			case got && !want:
				wrong.add("%s reaches %s:%d", from, to, port)
			case want && !got:
				wrong.add("%s does not reach %s:%d", from, to, port)
			}
		}
		system := func(ns, app string) place { return place{namespace: ns, pod: map[string]string{"app": app}} }
		outside := map[string]place{
			"the internet":   {address: "203.0.113.7"},
			"another pod":    {namespace: "default", pod: map[string]string{}},
			"metadata":       {address: "169.254.169.254"},
			"the next house": {address: "10.1.2.3"},
		}
		waysIn := map[bool]string{true: "envoy-gateway-system", false: "ingress-nginx"}[len(m.gateways) > 0]
		store, storePort, runs := "the database", int32(5432), "" // somewhere: a database that an operator has
		if own := slices.DeleteFunc(slices.Sorted(maps.Keys(m.statefulSets)), func(n string) bool { return n == "nats" }); len(own) > 0 {
			store, runs = own[0], own[0]
			storePort = m.statefulSets[store].Spec.Template.Spec.Containers[0].Ports[0].ContainerPort
		}
		stores := []place{ours(m, store)}
		if runs == "" {
			stores = []place{{namespace: "databases", pod: map[string]string{}}, outside["the next house"], outside["the internet"]}
		}
		apps := c.owners()

		for _, from := range apps {
			here := ours(m, from)
			for _, to := range apps {
				there := ours(m, to)
				if from != to {
					must(slices.ContainsFunc(c.calls, func(k call) bool { return k.from == from && k.to == to }) || from == "web" && contains(c.prefixes, to),
						from, here, there, to, 50002)
				}
				simulated := container(&m.deployments["payments"].Spec.Template.Spec, "stripesim") != nil
				must(from == "payments" && to == "web" && simulated, from, here, there, to, int32(c.apps[to]))
				must(false, from, here, there, to, 9464)
				must(false, from, here, there, to, 3500)
				must(false, from, here, there, to, 50001)
			}
			must(c.listens[from], from, here, ours(m, "nats"), "nats", 4222)
			for _, there := range stores {
				must(c.keeps[from], from, here, there, store, storePort)
			}
			must(true, from, here, system("kube-system", "dns"), "DNS", 53)
			for _, port := range []int32{50001, 6500, 50006} {
				must(true, from, here, system("dapr-system", ""), "Dapr", port)
			}
			must(from == "payments", from, here, outside["the internet"], "the internet", 443)
			must(false, from, here, outside["the internet"], "the internet", 80)
			must(false, from, here, outside["metadata"], "the cloud's metadata", 443)
			must(false, from, here, outside["the next house"], "the next house", 443)
			must(false, from, here, system("default", ""), "other namespaces", 443)

			for who, stranger := range outside {
				for _, port := range []int32{int32(c.apps[from]), 3500, 50001, 50002, 9090, 9464} {
					must(false, who, stranger, here, from, port)
				}
			}
			must(from == "web" && len(m.ingresses)+len(m.gateways) > 0, "the way in", system(waysIn, ""), here, from, int32(c.apps[from]))
			must(false, "the way in", system(waysIn, ""), here, from, 50002)
			must(true, "Prometheus", system("monitoring", ""), here, from, 9090)
			must(true, "Prometheus", system("monitoring", ""), here, from, 9464)
			must(false, "the way in", system(waysIn, ""), here, from, 9464)
			must(false, "Prometheus", system("monitoring", ""), here, from, int32(c.apps[from]))
			for _, port := range []int32{4317, 9411} { // the sidecar's spans, and the service's
				must(m.configurations[from].Spec.TracingSpec != nil, from, here, system("observability", ""), "the collector", port)
			}
		}
		newcomer := place{pod: map[string]string{}, namespace: namespace} // whatever is started here next
		must(len(m.monitors) > 0, "Prometheus", system("monitoring", ""), ours(m, "nats"), "nats", 7777)
		must(false, "another pod", outside["another pod"], newcomer, "a newcomer", 80)
		must(false, "a newcomer", newcomer, ours(m, "auth"), "auth", 50002)
		must(false, "a newcomer", newcomer, outside["the internet"], "the internet", 443)
		must(true, "the job", ours(m, "streams"), ours(m, "nats"), "nats", 4222)
		must(false, "the job", ours(m, "streams"), stores[0], store, storePort)
		for _, data := range []struct {
			name string
			port int32
		}{{"nats", 4222}, {runs, storePort}} {
			if data.name == "" {
				continue
			}
			for who, stranger := range outside {
				must(false, who, stranger, ours(m, data.name), data.name, data.port)
				must(false, data.name, ours(m, data.name), stranger, who, 443)
			}
			if *m.statefulSets[data.name].Spec.Replicas > 1 {
				peer := data.port
				if data.name == "nats" {
					peer = 6222
				}
				must(true, data.name, ours(m, data.name), ours(m, data.name), "its peer", peer)
			}
		}
		return wrong.sorted()
	},
		spoil{"no default", "", func(m *market, c *code) { delete(m.policies, "default-deny") }, "another pod reaches a newcomer:80"},
		spoil{"a caller too many", "", func(m *market, c *code) {
			m.policies["expiration"].Spec.Ingress[0].From = append(m.policies["expiration"].Spec.Ingress[0].From, m.policies["tickets"].Spec.Ingress[0].From...)
		}, "orders reaches expiration:50002"},
		spoil{"a new call in the code", "", func(m *market, c *code) {
			c.calls = append(c.calls, call{"payments", "tickets", "GET", "/api/tickets"})
		}, "payments does not reach tickets:50002"},
		spoil{"a service that lost its broker", "", func(m *market, c *code) {
			delete(m.deployments["expiration"].Spec.Template.Labels, "needs-broker")
		}, "expiration does not reach nats:4222"},
		spoil{"a store that is open", "production on Redis", func(m *market, c *code) { m.policies["redis"].Spec.Ingress[0].From = nil }, "another pod reaches redis:6379"},
		spoil{"a database without a way", "", func(m *market, c *code) { delete(m.policies, "to-store") }, "orders does not reach the database:5432"},
		spoil{"a database for everybody", "", func(m *market, c *code) {
			m.policies["to-store"].Spec.PodSelector.MatchLabels = nil
		}, "web reaches the database:5432"},
		spoil{"an ingress that moved", "", func(m *market, c *code) {
			m.policies["web"].Spec.Ingress[0].From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] = "traefik"
		}, "the way in does not reach web:8080"},
		spoil{"figures for everybody", "", func(m *market, c *code) { m.policies["metrics"].Spec.Ingress[0].From = nil }, "another pod reaches orders:9464"},
		spoil{"Stripe for everybody", "", func(m *market, c *code) {
			m.policies["payments-to-stripe"].Spec.PodSelector.MatchLabels = nil
		}, "auth reaches the internet:443"},
		spoil{"a neighbourhood that counts as Stripe", "", func(m *market, c *code) {
			m.policies["payments-to-stripe"].Spec.Egress[0].To[0].IPBlock.Except = nil
		}, "payments reaches the cloud's metadata:443"},
		spoil{"brokers that cannot find each other", "", func(m *market, c *code) { m.policies["nats"].Spec.Egress = nil }, "nats does not reach its peer:6222"},
		spoil{"tracing without a way", "", func(m *market, c *code) { delete(m.policies, "to-collector") }, "web does not reach the collector:4317"},
	)
}

func contains(prefixes map[string]string, app string) bool {
	return slices.Contains(slices.Collect(maps.Values(prefixes)), app)
}
