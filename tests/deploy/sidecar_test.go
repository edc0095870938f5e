package deploy

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dapr/dapr/pkg/injector/patcher"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	security "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// inject makes the pod that will run: Dapr's own injector adds the sidecar, as the Helm values tell it to.
func inject(w workload) (*core.Pod, error) {
	pod := &core.Pod{ObjectMeta: *w.template.ObjectMeta.DeepCopy(), Spec: *w.template.Spec.DeepCopy()}
	pod.Namespace = w.namespace
	sidecar := patcher.NewSidecarConfig(pod)
	sidecar.Mode = "kubernetes"
	sidecar.Namespace = w.namespace
	sidecar.MTLSEnabled = true
	sidecar.RunAsNonRoot = true
	sidecar.ReadOnlyRootFilesystem = true
	sidecar.SidecarDropALLCapabilities = true // dapr-values.yaml
	sidecar.SchedulerEnabled = true
	sidecar.ControlPlaneNamespace = "dapr-system"
	sidecar.KubeClusterDomain = "cluster.local"
	sidecar.SidecarImage = "daprio/daprd:1.18.2"
	sidecar.SetFromPodAnnotations()
	if !sidecar.NeedsPatching() {
		return pod, nil
	}
	patch, err := sidecar.GetPatch()
	if err != nil {
		return nil, err
	}
	return patcher.PatchPod(pod, patch)
}

// sidecarOf is the injected sidecar, or nil.
func sidecarOf(pod *core.Pod) *core.Container {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if c.Name == "daprd" {
			return &c
		}
	}
	return nil
}

// Dapr's injector understands every annotation and makes the sidecar that the services count on.
func TestSidecarsAreInjected(t *testing.T) {
	known := map[string]bool{}
	for f := range reflect.TypeFor[patcher.SidecarConfig]().Fields() {
		known[f.Tag.Get("annotation")] = true
	}
	verify(t, func(m *market, c code) []string {
		var wrong list
		for _, w := range m.workloads() {
			for annotation := range w.template.Annotations {
				if strings.HasPrefix(annotation, "dapr.io/") && !known[annotation] {
					wrong.add("%s: Dapr knows no annotation %s", w.name, annotation)
				}
			}
			pod, err := inject(w)
			if err != nil {
				wrong.add("%s: %v", w.name, err)
				continue
			}
			d := sidecarOf(pod)
			name, isService := strings.CutPrefix(w.name, "Deployment/")
			if !isService {
				if d != nil {
					wrong.add("%s has a sidecar", w.name)
				}
				continue
			}
			if d == nil {
				wrong.add("%s has no sidecar", name)
				continue
			}
			if d.RestartPolicy == nil || *d.RestartPolicy != core.ContainerRestartPolicyAlways {
				wrong.add("%s: its sidecar stops with it, not after it", name)
			}
			for flag, want := range map[string]string{
				"--app-id": name, "--app-port": strconv.Itoa(c.apps[name]), "--config": name, "--app-health-check-path": c.health,
				"--dapr-internal-grpc-port": "50002", "--metrics-port": "9090",
			} {
				if i := slices.Index(d.Args, flag); i < 0 || d.Args[i+1] != want {
					wrong.add("%s: its sidecar is started without %s %s", name, flag, want)
				}
			}
			if i := slices.Index(d.Args, "--dapr-listen-addresses"); i < 0 || d.Args[i+1] != "[::1],127.0.0.1" {
				wrong.add("%s: its sidecar's API is open to the network", name)
			}
			if slices.Contains(d.Args, "--placement-host-address") {
				wrong.add("%s: its sidecar looks for placement", name)
			}
			token := func(v core.EnvVar) bool {
				return v.Name == "APP_API_TOKEN" && v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil &&
					v.ValueFrom.SecretKeyRef.Name == "app-token" && v.ValueFrom.SecretKeyRef.Key == "token"
			}
			app := container(&pod.Spec, "app")
			if !slices.ContainsFunc(d.Env, token) || !slices.ContainsFunc(app.Env, token) {
				wrong.add("%s: service and sidecar do not share the token", name)
			}
			for _, port := range []string{"DAPR_HTTP_PORT", "DAPR_GRPC_PORT"} {
				if value(app, port) == "" {
					wrong.add("%s is not told %s", name, port)
				}
			}
			if d.Resources.Requests.Cpu().IsZero() || d.Resources.Limits.Memory().IsZero() {
				wrong.add("%s: its sidecar has no requests or limits", name)
			}
		}
		return wrong.sorted()
	},
		spoil{"a misspelt annotation", "", func(m *market, c *code) {
			m.deployments["auth"].Spec.Template.Annotations["dapr.io/app-token"] = "app-token"
		}, "Dapr knows no annotation dapr.io/app-token"},
		spoil{"an app id that Dapr refuses", "", func(m *market, c *code) {
			m.deployments["auth"].Spec.Template.Annotations["dapr.io/app-id"] = "auth.v2"
		}, "Deployment/auth: "},
		spoil{"a sidecar that stops first", "", func(m *market, c *code) {
			delete(m.deployments["orders"].Spec.Template.Annotations, "dapr.io/enable-native-sidecar")
		}, "orders: its sidecar stops with it"},
		spoil{"a service without a sidecar", "dev", func(m *market, c *code) {
			m.deployments["orders"].Spec.Template.Annotations["dapr.io/enabled"] = "false"
		}, "orders has no sidecar"},
		spoil{"a sidecar that is open to the network", "", func(m *market, c *code) {
			m.deployments["orders"].Spec.Template.Annotations["dapr.io/sidecar-listen-addresses"] = "0.0.0.0"
		}, "orders: its sidecar's API is open"},
		spoil{"a token of another name", "", func(m *market, c *code) {
			m.deployments["orders"].Spec.Template.Annotations["dapr.io/app-token-secret"] = "token"
		}, "orders: service and sidecar do not share the token"},
		spoil{"actors", "", func(m *market, c *code) {
			m.deployments["orders"].Spec.Template.Annotations["dapr.io/placement-host-address"] = "dapr-placement-server:50005"
		}, "orders: its sidecar looks for placement"},
	)
}

// The namespace admits every pod, sidecar and all, by Kubernetes' own rules; and what those leave open is closed.
func TestPodsHaveNoMoreRightsThanTheyNeed(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	verify(t, func(m *market, c code) []string {
		var wrong list
		if m.namespaces[namespace].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
			wrong.add("the namespace admits any pod")
		}
		level := security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}
		for _, w := range m.workloads() {
			pod, err := inject(w)
			if err != nil {
				wrong.add("%s: %v", w.name, err)
				continue
			}
			for _, r := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
				if !r.Allowed {
					wrong.add("%s: %s: %s", w.name, r.ForbiddenReason, r.ForbiddenDetail)
				}
			}
			if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
				wrong.add("%s may talk to Kubernetes", w.name)
			}
			for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
				if s := container.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
					wrong.add("%s: %s can write where its programs are", w.name, container.Name)
				}
				if container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() || container.Resources.Limits.Memory().IsZero() {
					wrong.add("%s: %s has no requests or limits", w.name, container.Name)
				}
				if _, tag, _ := strings.Cut(container.Image[strings.LastIndex(container.Image, "/")+1:], ":"); tag == "" || tag == "latest" {
					wrong.add("%s: %s is not pinned", w.name, container.Image)
				}
			}
		}
		for name, a := range m.accounts {
			if a.AutomountServiceAccountToken == nil || *a.AutomountServiceAccountToken {
				wrong.add("ServiceAccount/%s: its pods may talk to Kubernetes", name)
			}
		}
		return wrong.sorted()
	},
		spoil{"a root user", "", func(m *market, c *code) {
			m.deployments["web"].Spec.Template.Spec.SecurityContext = &core.PodSecurityContext{}
		}, "Deployment/web: runAsNonRoot != true"},
		spoil{"a container that may gain rights", "dev", func(m *market, c *code) {
			container(&m.deployments["payments"].Spec.Template.Spec, "stripesim").SecurityContext = nil
		}, "Deployment/payments: allowPrivilegeEscalation != false"},
		spoil{"a writable root", "production on MongoDB", func(m *market, c *code) {
			*m.statefulSets["mongodb"].Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = false
		}, "StatefulSet/mongodb: mongod can write"},
		spoil{"an image that changes under its tag", "", func(m *market, c *code) {
			container(&m.statefulSets["nats"].Spec.Template.Spec, "nats").Image = "nats"
		}, "StatefulSet/nats: nats is not pinned"},
		spoil{"no memory limit", "", func(m *market, c *code) {
			m.deployments["auth"].Spec.Template.Spec.Containers[0].Resources.Limits = core.ResourceList{core.ResourceCPU: resource.MustParse("1")}
		}, "Deployment/auth: app has no requests or limits"},
		spoil{"a namespace that admits anything", "", func(m *market, c *code) { m.namespaces[namespace].Labels = nil }, "the namespace admits any pod"},
		spoil{"a token for everybody", "", func(m *market, c *code) { *m.accounts["auth"].AutomountServiceAccountToken = true }, "ServiceAccount/auth: "},
	)
}

// A pod is given the time that its parts take to stop, one after the other.
func TestStoppingHasTime(t *testing.T) {
	const outbox = 5 * time.Second // what the service still publishes, each within the limit of a call to the sidecar
	verify(t, func(m *market, c code) []string {
		var wrong list
		for name, d := range m.deployments {
			spec := d.Spec.Template.Spec
			sidecar, err := strconv.Atoi(d.Spec.Template.Annotations["dapr.io/graceful-shutdown-seconds"])
			app := container(&spec, "app")
			if err != nil || spec.TerminationGracePeriodSeconds == nil || app.Lifecycle == nil || app.Lifecycle.PreStop.Sleep == nil {
				wrong.add("%s: a step of stopping is not set", name)
				continue
			}
			needs := time.Duration(app.Lifecycle.PreStop.Sleep.Seconds+int64(sidecar))*time.Second + c.stopLimit + outbox
			if has := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second; has < needs {
				wrong.add("%s: is killed after %s and needs %s to stop", name, has, needs)
			}
			if d.Spec.Strategy.RollingUpdate == nil || d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
				wrong.add("%s: an update takes pods away before new ones are there", name)
			}
		}
		for name, b := range m.budgets {
			if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() != 1 {
				wrong.add("PodDisruptionBudget/%s: draining a node takes more than one, or cannot end", name)
			}
		}
		return wrong.sorted()
	},
		spoil{"services that take longer", "", func(m *market, c *code) { c.stopLimit = 45 * time.Second }, "orders: is killed after 1m0s and needs 1m5s"},
		spoil{"a node that can never be drained", "", func(m *market, c *code) { m.budgets["auth"].Spec.MaxUnavailable = nil }, "PodDisruptionBudget/auth"},
		spoil{"a grace period that was forgotten", "", func(m *market, c *code) {
			m.deployments["web"].Spec.Template.Spec.TerminationGracePeriodSeconds = nil
		}, "web: a step of stopping is not set"},
	)
}
