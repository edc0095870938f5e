package deploy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	resiliency "github.com/dapr/dapr/pkg/apis/resiliency/v1alpha1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	scheduling "k8s.io/api/scheduling/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// market is all objects of one variant, each of its real type.
type market struct {
	all            []meta.Object
	kinds          map[meta.Object]string
	namespaces     map[string]*core.Namespace
	deployments    map[string]*apps.Deployment
	statefulSets   map[string]*apps.StatefulSet
	jobs           map[string]*batch.Job
	services       map[string]*core.Service
	accounts       map[string]*core.ServiceAccount
	configMaps     map[string]*core.ConfigMap
	secrets        map[string]*core.Secret
	budgets        map[string]*policy.PodDisruptionBudget
	scalers        map[string]*autoscaling.HorizontalPodAutoscaler
	priorities     map[string]*scheduling.PriorityClass
	policies       map[string]*networking.NetworkPolicy
	ingresses      map[string]*networking.Ingress
	gateways       map[string]*gateway.Gateway
	httpRoutes     map[string]*gateway.HTTPRoute
	components     map[string]*components.Component
	configurations map[string]*configuration.Configuration
	resiliencies   map[string]*resiliency.Resiliency
	monitors       map[string]*monitoring.PodMonitor
	rules          map[string]*monitoring.PrometheusRule
}

// decode reads YAML documents strictly: a field that its type does not have, or a field given twice, is an error.
func decode(text []byte) (*market, error) {
	m := &market{kinds: map[meta.Object]string{}}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return nil, err
		}
		add, known := readers[kind.APIVersion+" "+kind.Kind]
		if !known {
			return nil, fmt.Errorf("a %s of %s: no type to read it into", kind.Kind, kind.APIVersion)
		}
		o, err := add(m, document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Kind, err)
		}
		m.all = append(m.all, o)
		m.kinds[o] = kind.Kind
	}
	return m, nil
}

// readers read a document into its type, by apiVersion and kind.
var readers = map[string]func(*market, []byte) (meta.Object, error){
	"v1 Namespace":                            into(func(m *market) *map[string]*core.Namespace { return &m.namespaces }),
	"apps/v1 Deployment":                      into(func(m *market) *map[string]*apps.Deployment { return &m.deployments }),
	"apps/v1 StatefulSet":                     into(func(m *market) *map[string]*apps.StatefulSet { return &m.statefulSets }),
	"batch/v1 Job":                            into(func(m *market) *map[string]*batch.Job { return &m.jobs }),
	"v1 Service":                              into(func(m *market) *map[string]*core.Service { return &m.services }),
	"v1 ServiceAccount":                       into(func(m *market) *map[string]*core.ServiceAccount { return &m.accounts }),
	"v1 ConfigMap":                            into(func(m *market) *map[string]*core.ConfigMap { return &m.configMaps }),
	"v1 Secret":                               into(func(m *market) *map[string]*core.Secret { return &m.secrets }),
	"policy/v1 PodDisruptionBudget":           into(func(m *market) *map[string]*policy.PodDisruptionBudget { return &m.budgets }),
	"autoscaling/v2 HorizontalPodAutoscaler":  into(func(m *market) *map[string]*autoscaling.HorizontalPodAutoscaler { return &m.scalers }),
	"scheduling.k8s.io/v1 PriorityClass":      into(func(m *market) *map[string]*scheduling.PriorityClass { return &m.priorities }),
	"networking.k8s.io/v1 NetworkPolicy":      into(func(m *market) *map[string]*networking.NetworkPolicy { return &m.policies }),
	"networking.k8s.io/v1 Ingress":            into(func(m *market) *map[string]*networking.Ingress { return &m.ingresses }),
	"gateway.networking.k8s.io/v1 Gateway":    into(func(m *market) *map[string]*gateway.Gateway { return &m.gateways }),
	"gateway.networking.k8s.io/v1 HTTPRoute":  into(func(m *market) *map[string]*gateway.HTTPRoute { return &m.httpRoutes }),
	"dapr.io/v1alpha1 Component":              into(func(m *market) *map[string]*components.Component { return &m.components }),
	"dapr.io/v1alpha1 Configuration":          into(func(m *market) *map[string]*configuration.Configuration { return &m.configurations }),
	"dapr.io/v1alpha1 Resiliency":             into(func(m *market) *map[string]*resiliency.Resiliency { return &m.resiliencies }),
	"monitoring.coreos.com/v1 PodMonitor":     into(func(m *market) *map[string]*monitoring.PodMonitor { return &m.monitors }),
	"monitoring.coreos.com/v1 PrometheusRule": into(func(m *market) *map[string]*monitoring.PrometheusRule { return &m.rules }),
}

func into[T any, P interface {
	*T
	meta.Object
}](list func(*market) *map[string]P) func(*market, []byte) (meta.Object, error) {
	return func(m *market, document []byte) (meta.Object, error) {
		o := P(new(T))
		if err := yaml.UnmarshalStrict(document, o); err != nil {
			return nil, err
		}
		byName := list(m)
		if *byName == nil {
			*byName = map[string]P{}
		}
		if _, twice := (*byName)[o.GetName()]; twice {
			return nil, fmt.Errorf("%s is there twice", o.GetName())
		}
		(*byName)[o.GetName()] = o
		return o, nil
	}
}

// workload is a pod as some controller will create it.
type workload struct {
	name      string // Deployment/orders
	template  *core.PodTemplateSpec
	namespace string
}

// workloads are all pods of the market, by what creates them.
func (m *market) workloads() []workload {
	var all []workload
	for _, o := range m.all {
		name := m.kinds[o] + "/" + o.GetName()
		switch o := o.(type) {
		case *apps.Deployment:
			all = append(all, workload{name, &o.Spec.Template, o.Namespace})
		case *apps.StatefulSet:
			all = append(all, workload{name, &o.Spec.Template, o.Namespace})
		case *batch.Job:
			all = append(all, workload{name, &o.Spec.Template, o.Namespace})
		}
	}
	return all
}

func TestDecodingIsStrict(t *testing.T) {
	all, err := built()
	require.NoError(t, err)
	text := string(all["production"])
	for spoiled, change := range map[string][2]string{
		`unknown field "priorityClassNames"`:                         {"priorityClassName: marketplace-services", "priorityClassNames: marketplace-services"},
		`unknown field "defaultActions"`:                             {"    - appId: web\n      defaultAction:", "    - appId: web\n      defaultActions:"},
		"no type to read it into":                                    {"kind: Resiliency", "kind: Resilience"},
		"no type to read it into ":                                   {"apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"},
		`cannot unmarshal string into Go struct field ContainerPort`: {"containerPort: 3003", "containerPort: app"},
	} {
		t.Run(spoiled, func(t *testing.T) {
			changed := strings.Replace(text, change[0], change[1], 1)
			require.NotEqual(t, text, changed)
			_, err := decode([]byte(changed))
			assert.ErrorContains(t, err, strings.TrimSpace(spoiled))
		})
	}
}
