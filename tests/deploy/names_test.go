package deploy

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

// namespace is where everything is. Access control names it, so a namespace of another name needs more than a patch.
const namespace = "marketplace"

// nameLabel tells the parts of the marketplace apart.
const nameLabel = "app.kubernetes.io/name"

// Each app of dapr.yaml is a Deployment of the same app id on the same port, and the other way round.
func TestServicesAreTheAppsOfDaprYAML(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		for name, d := range m.deployments {
			port, known := c.apps[name]
			if !known {
				wrong.add("Deployment %s is no app of dapr.yaml", name)
				continue
			}
			a := d.Spec.Template.Annotations
			for annotation, want := range map[string]string{
				"dapr.io/enabled": "true", "dapr.io/app-id": name, "dapr.io/app-port": strconv.Itoa(port), "dapr.io/config": name,
				"dapr.io/enable-app-health-check": "true", "dapr.io/app-health-check-path": c.health,
			} {
				if a[annotation] != want {
					wrong.add("%s: %s is %q, want %q", name, annotation, a[annotation], want)
				}
			}
			app := container(&d.Spec.Template.Spec, "app")
			if app == nil {
				wrong.add("%s has no container app", name)
				continue
			}
			if n := portNamed(app, "app"); n != int32(port) {
				wrong.add("%s: container port app is %d, want %d", name, n, port)
			}
			if v := value(app, "METRICS_PORT"); v == "" || v != strconv.Itoa(int(portNamed(app, "metrics"))) {
				wrong.add("%s: METRICS_PORT is %q, and container port metrics is %d", name, v, portNamed(app, "metrics"))
			}
			if v := value(app, "APP_PORT"); v != strconv.Itoa(port) {
				wrong.add("%s: APP_PORT is %q, want %d", name, v, port)
			}
			if image, _, _ := strings.Cut(path.Base(app.Image), ":"); image != name {
				wrong.add("%s runs the image %s", name, app.Image)
			}
			if app.LivenessProbe == nil || app.LivenessProbe.HTTPGet.Path != c.health {
				wrong.add("%s: its liveness is not %s", name, c.health)
			}
			if m.configurations[name] == nil {
				wrong.add("%s: no Configuration of that name", name)
			}
			if m.budgets[name] == nil {
				wrong.add("%s: no PodDisruptionBudget", name)
			}
			if d.Spec.Template.Spec.ServiceAccountName != name {
				wrong.add("%s runs as %s", name, d.Spec.Template.Spec.ServiceAccountName)
			}
			if len(m.scalers) > 0 && m.scalers[name] == nil {
				wrong.add("%s: no HorizontalPodAutoscaler", name)
			}
		}
		for app := range c.apps {
			if m.deployments[app] == nil {
				wrong.add("dapr.yaml's %s has no Deployment", app)
			}
		}
		return wrong.sorted()
	},
		spoil{"a port that dapr.yaml changed", "", func(m *market, c *code) { c.apps["orders"] = 4003 }, "orders: APP_PORT is \"3003\", want 4003"},
		spoil{"an app that was renamed", "", func(m *market, c *code) { delete(c.apps, "auth"); c.apps["users"] = 3001 }, "dapr.yaml's users has no Deployment"},
		spoil{"another app id", "dev", func(m *market, c *code) {
			m.deployments["tickets"].Spec.Template.Annotations["dapr.io/app-id"] = "ticket"
		}, `tickets: dapr.io/app-id is "ticket"`},
		spoil{"another port in one place", "", func(m *market, c *code) {
			*port(container(&m.deployments["web"].Spec.Template.Spec, "app"), "app") = 80
		}, "web: container port app is 80"},
		spoil{"figures where nobody looks", "", func(m *market, c *code) {
			*port(container(&m.deployments["web"].Spec.Template.Spec, "app"), "metrics") = 9465
		}, "web: METRICS_PORT is \"9464\""},
		spoil{"the image of another service", "", func(m *market, c *code) {
			container(&m.deployments["web"].Spec.Template.Spec, "app").Image = "registry.example.com/marketplace/auth:v0.1.0"
		}, "web runs the image"},
		spoil{"no configuration", "", func(m *market, c *code) { delete(m.configurations, "auth") }, "auth: no Configuration"},
	)
}

// A service is in rotation, and is left running, whatever becomes of the other services.
func TestNoServiceTakesAnotherOffTheAir(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		for name, d := range m.deployments {
			app := container(&d.Spec.Template.Spec, "app")
			if app == nil || len(probes(*app)) != 3 {
				wrong.add("%s: not three probes", name)
				continue
			}
			for _, probe := range probes(*app) {
				switch asked := probe.HTTPGet; {
				case asked != nil && asked.Path == c.health: // it runs
				case asked == nil || asked.Path != "/readyz" || probe != app.ReadinessProbe:
					wrong.add("%s: a probe that asks for more than whether it runs, or is ready", name)
				}
			}
			if app.ReadinessProbe.HTTPGet.Path != "/readyz" {
				continue
			}
			for _, check := range c.readiness[name] {
				if c.invokers[name+" "+check] {
					wrong.add("%s is out of rotation while another service is away: its /readyz asks %s", name, check)
				}
			}
		}
		return wrong.sorted()
	},
		spoil{"a service that is as ready as the others", "", func(m *market, c *code) { c.readiness["web"] = []string{"everyServiceReady"} }, "web is out of rotation"},
		spoil{"readiness that asks for everything", "dev", func(m *market, c *code) {
			container(&m.deployments["web"].Spec.Template.Spec, "app").ReadinessProbe.HTTPGet.Path = "/healthz"
		}, "web: a probe that asks for more"},
		spoil{"a service that is killed for what others are", "", func(m *market, c *code) {
			container(&m.deployments["orders"].Spec.Template.Spec, "app").LivenessProbe.HTTPGet.Path = "/readyz"
		}, "orders: a probe that asks for more"},
		spoil{"no readiness", "", func(m *market, c *code) {
			container(&m.deployments["auth"].Spec.Template.Spec, "app").ReadinessProbe = nil
		}, "auth: not three probes"},
	)
}

// What refers to something by name or label refers to something that is there.
func TestReferencesResolve(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		pods := m.workloads()
		selects := func(what string, selector *meta.LabelSelector) {
			s, err := meta.LabelSelectorAsSelector(selector)
			if err != nil {
				wrong.add("%s: %v", what, err)
				return
			}
			if !slices.ContainsFunc(pods, func(w workload) bool { return s.Matches(labels.Set(w.template.Labels)) }) {
				wrong.add("%s selects no pod", what)
			}
		}
		for _, o := range m.all {
			what := m.kinds[o] + "/" + o.GetName()
			if kind := m.kinds[o]; kind == "Namespace" || kind == "PriorityClass" {
				continue
			}
			if o.GetNamespace() != namespace {
				wrong.add("%s is in the namespace %q", what, o.GetNamespace())
			}
		}
		for name, b := range m.budgets {
			selects("PodDisruptionBudget/"+name, b.Spec.Selector)
		}
		for name, h := range m.scalers {
			d := m.deployments[h.Spec.ScaleTargetRef.Name]
			if d == nil || h.Spec.ScaleTargetRef.Kind != "Deployment" {
				wrong.add("HorizontalPodAutoscaler/%s scales %s, which is not there", name, h.Spec.ScaleTargetRef.Name)
			} else if d.Spec.Replicas != nil {
				wrong.add("Deployment/%s sets replicas, and so does its autoscaler", name)
			}
		}
		for name, s := range m.services {
			selects("Service/"+name, meta.SetAsLabelSelector(s.Spec.Selector))
			for _, port := range s.Spec.Ports {
				for _, w := range pods {
					if labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(w.template.Labels)) && !hasPort(&w.template.Spec, port.TargetPort) {
						wrong.add("Service/%s: %s has no port %s", name, w.name, port.TargetPort.String())
					}
				}
			}
		}
		for name, s := range m.statefulSets {
			if m.services[s.Spec.ServiceName] == nil {
				wrong.add("StatefulSet/%s: no Service %s to name its pods", name, s.Spec.ServiceName)
			}
		}
		for _, w := range pods {
			spec := w.template.Spec
			if m.accounts[spec.ServiceAccountName] == nil {
				wrong.add("%s: no ServiceAccount %q", w.name, spec.ServiceAccountName)
			}
			if m.priorities[spec.PriorityClassName] == nil {
				wrong.add("%s: no PriorityClass %q", w.name, spec.PriorityClassName)
			}
			for _, c := range spec.TopologySpreadConstraints {
				if !matches(c.LabelSelector, w.template.Labels) {
					wrong.add("%s: spreads pods that it is none of", w.name)
				}
				for _, key := range c.MatchLabelKeys {
					if _, ok := w.template.Labels[key]; !ok && key != "pod-template-hash" {
						wrong.add("%s: spreads by the label %s, which it has not", w.name, key)
					}
				}
			}
			for _, v := range spec.Volumes {
				if v.ConfigMap != nil && m.configMaps[v.ConfigMap.Name] == nil {
					wrong.add("%s: no ConfigMap %s", w.name, v.ConfigMap.Name)
				}
			}
			for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
				for _, p := range probes(c) {
					if p.HTTPGet != nil && !portOf(c, p.HTTPGet.Port) || p.TCPSocket != nil && !portOf(c, p.TCPSocket.Port) {
						wrong.add("%s: a probe of %s asks a port that it has not", w.name, c.Name)
					}
				}
				for _, mount := range c.VolumeMounts {
					if !slices.ContainsFunc(spec.Volumes, func(v core.Volume) bool { return v.Name == mount.Name }) && !claims(m, w, mount.Name) {
						wrong.add("%s: %s mounts %s, which is no volume", w.name, c.Name, mount.Name)
					}
				}
			}
		}
		for name, i := range m.ingresses {
			for _, rule := range i.Spec.Rules {
				for _, p := range rule.HTTP.Paths {
					if b := p.Backend.Service; m.services[b.Name] == nil || !servicePort(m.services[b.Name], b.Port.Name, b.Port.Number) {
						wrong.add("Ingress/%s leads to %s, which is not there", name, b.Name)
					}
				}
			}
		}
		for name, r := range m.httpRoutes {
			for _, parent := range r.Spec.ParentRefs {
				g := m.gateways[string(parent.Name)]
				if g == nil || parent.SectionName == nil || !slices.ContainsFunc(g.Spec.Listeners, hasName(string(*parent.SectionName))) {
					wrong.add("HTTPRoute/%s: no such gateway or listener as %s", name, parent.Name)
				}
			}
			for _, rule := range r.Spec.Rules {
				for _, b := range rule.BackendRefs {
					if m.services[string(b.Name)] == nil || b.Port == nil || !servicePort(m.services[string(b.Name)], "", int32(*b.Port)) {
						wrong.add("HTTPRoute/%s leads to %s, which is not there", name, b.Name)
					}
				}
			}
		}
		for name, monitor := range m.monitors {
			for _, w := range pods {
				if !matches(&monitor.Spec.Selector, w.template.Labels) {
					continue
				}
				pod, err := inject(w)
				if err != nil {
					wrong.add("%s: %v", w.name, err)
					continue
				}
				for _, e := range monitor.Spec.PodMetricsEndpoints {
					if !hasPort(&pod.Spec, intstr.FromString(*e.Port)) && !initPort(&pod.Spec, *e.Port) {
						wrong.add("PodMonitor/%s: %s has no port %s", name, w.name, *e.Port)
					}
				}
			}
			selects("PodMonitor/"+name, &monitor.Spec.Selector)
		}
		if len(m.ingresses)+len(m.gateways) > 1 {
			wrong.add("more than one way in")
		}
		return wrong.sorted()
	},
		spoil{"a forgotten namespace", "", func(m *market, c *code) { m.components["pubsub"].Namespace = "" }, `Component/pubsub is in the namespace ""`},
		spoil{"a service whose port was renamed", "", func(m *market, c *code) {
			m.services["web"].Spec.Ports[0].TargetPort = intstr.FromString("http")
		}, "Service/web: Deployment/web has no port http"},
		spoil{"a budget for nobody", "", func(m *market, c *code) {
			m.budgets["orders"].Spec.Selector.MatchLabels[nameLabel] = "order"
		}, "PodDisruptionBudget/orders selects no pod"},
		spoil{"an ingress to another port", "", func(m *market, c *code) {
			m.ingresses["web"].Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port.Name = "https"
		}, "Ingress/web leads to web"},
		spoil{"a route to another listener", "production with Gateway API, without tracing", func(m *market, c *code) {
			m.gateways["web"].Spec.Listeners[1].Name = "tls"
		}, "HTTPRoute/web: no such gateway or listener"},
		spoil{"an autoscaler that was left behind", "", func(m *market, c *code) { delete(m.deployments, "auth") }, "HorizontalPodAutoscaler/auth scales auth"},
		spoil{"a configuration that lost its hash", "", func(m *market, c *code) {
			m.statefulSets["nats"].Spec.Template.Spec.Volumes[0].ConfigMap.Name = "nats"
		}, "StatefulSet/nats: no ConfigMap nats"},
		spoil{"a missing service account", "dev", func(m *market, c *code) { delete(m.accounts, "streams") }, `Job/streams: no ServiceAccount "streams"`},
		spoil{"a mount of nothing", "", func(m *market, c *code) {
			m.deployments["auth"].Spec.Template.Spec.Volumes[0].Name = "keys"
		}, "mounts session, which is no volume"},
		spoil{"figures of nobody", "production", func(m *market, c *code) {
			m.monitors["broker"].Spec.Selector.MatchLabels[nameLabel] = "kafka"
		}, "PodMonitor/broker selects no pod"},
		spoil{"figures at no port", "production", func(m *market, c *code) {
			*m.monitors["services"].Spec.PodMetricsEndpoints[0].Port = "figures"
		}, "PodMonitor/services: Deployment/auth has no port figures"},
		spoil{"two ways in", "", func(m *market, c *code) { m.ingresses["other"] = m.ingresses["web"] }, "more than one way in"},
	)
}

// A service gets every setting it cannot do without, and none that it does not know.
func TestSettingsAreThoseOfTheCode(t *testing.T) {
	injected := []string{"DAPR_HTTP_PORT", "DAPR_GRPC_PORT", "APP_PROTOCOL"}
	verify(t, func(m *market, c code) []string {
		var wrong list
		compare := func(what string, container *core.Container, known map[string]bool) {
			var given []string
			for _, v := range container.Env {
				given = append(given, v.Name)
				if _, ok := known[v.Name]; !ok {
					wrong.add("%s: it knows no setting %s", what, v.Name)
				}
			}
			for name, required := range known {
				if required && !slices.Contains(given, name) && !slices.Contains(injected, name) {
					wrong.add("%s: %s is required", what, name)
				}
			}
		}
		for name, d := range m.deployments {
			compare(name, container(&d.Spec.Template.Spec, "app"), c.settings[name])
			for i, init := range d.Spec.Template.Spec.InitContainers {
				compare(name+"'s "+init.Name, &d.Spec.Template.Spec.InitContainers[i], c.settings["streams"])
			}
			for _, key := range []string{"SESSION_PRIVATE_KEY_FILE", "SESSION_PUBLIC_KEY_FILE"} {
				app := container(&d.Spec.Template.Spec, "app")
				if file := value(app, key); file != "" && !mounted(&d.Spec.Template.Spec, app, file) {
					wrong.add("%s: nothing is mounted at %s", name, file)
				}
			}
		}
		compare("the job streams", &m.jobs["streams"].Spec.Template.Spec.Containers[0], c.settings["streams"])
		return wrong.sorted()
	},
		spoil{"a setting that was renamed", "", func(m *market, c *code) {
			delete(c.settings["orders"], "ORDER_HOLD")
			c.settings["orders"]["HOLD"] = false
		}, "orders: it knows no setting ORDER_HOLD"},
		spoil{"a setting that became required", "", func(m *market, c *code) { c.settings["payments"]["STRIPE_ACCOUNT"] = true }, "payments: STRIPE_ACCOUNT is required"},
		spoil{"a key that is not where it is looked for", "", func(m *market, c *code) {
			m.deployments["tickets"].Spec.Template.Spec.Volumes[0].Secret.Items[0].Path = "key.pem"
		}, "tickets: nothing is mounted at /etc/session/public.pem"},
	)
}

func container(spec *core.PodSpec, name string) *core.Container {
	for i := range spec.Containers {
		if spec.Containers[i].Name == name {
			return &spec.Containers[i]
		}
	}
	return nil
}

func portNamed(c *core.Container, name string) int32 {
	if p := port(c, name); p != nil {
		return *p
	}
	return 0
}

func port(c *core.Container, name string) *int32 {
	for i := range c.Ports {
		if c.Ports[i].Name == name {
			return &c.Ports[i].ContainerPort
		}
	}
	return nil
}

func value(c *core.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func portOf(c core.Container, port intstr.IntOrString) bool {
	return slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool {
		return port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal
	})
}

func hasPort(spec *core.PodSpec, port intstr.IntOrString) bool {
	return slices.ContainsFunc(spec.Containers, func(c core.Container) bool { return portOf(c, port) })
}

// initPort says that a container that starts before the others and stays, as a sidecar does, has the port.
func initPort(spec *core.PodSpec, name string) bool {
	return slices.ContainsFunc(spec.InitContainers, func(c core.Container) bool { return portOf(c, intstr.FromString(name)) })
}

func servicePort(s *core.Service, name string, number int32) bool {
	return slices.ContainsFunc(s.Spec.Ports, func(p core.ServicePort) bool {
		return name != "" && p.Name == name || number != 0 && p.Port == number
	})
}

func probes(c core.Container) []*core.Probe {
	return slices.DeleteFunc([]*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe}, func(p *core.Probe) bool { return p == nil })
}

func matches(selector *meta.LabelSelector, of map[string]string) bool {
	s, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(of))
}

// claims says that a StatefulSet makes a volume of that name for each pod.
func claims(m *market, w workload, name string) bool {
	var set *apps.StatefulSet
	if kind, of, _ := strings.Cut(w.name, "/"); kind == "StatefulSet" {
		set = m.statefulSets[of]
	}
	return set != nil && slices.ContainsFunc(set.Spec.VolumeClaimTemplates, func(c core.PersistentVolumeClaim) bool { return c.Name == name })
}

// mounted says that a file is there: a mounted secret has it.
func mounted(spec *core.PodSpec, c *core.Container, file string) bool {
	for _, mount := range c.VolumeMounts {
		for _, v := range spec.Volumes {
			if v.Name != mount.Name || v.Secret == nil {
				continue
			}
			for _, item := range v.Secret.Items {
				if path.Join(mount.MountPath, item.Path) == file {
					return true
				}
			}
		}
	}
	return false
}

// hasName finds a listener by its name.
func hasName(name string) func(gateway.Listener) bool {
	return func(l gateway.Listener) bool { return string(l.Name) == name }
}
