package tests

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// figures are what all replicas of all services say of themselves, by the figure's name.
type figures map[string][]*dto.Metric

// readFigures reads the page at a port of this machine.
func readFigures(t *testing.T, port int) map[string]*dto.MetricFamily {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 200, resp.StatusCode)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	require.NoError(t, err)
	return families
}

func figuresOf(t *testing.T, s *stack.Stack) figures {
	t.Helper()
	all := figures{}
	for _, app := range services(s) {
		for _, replica := range s.Replicas(app) {
			for name, family := range readFigures(t, replica.FiguresPort()) {
				all[name] = append(all[name], family.Metric...)
			}
		}
	}
	return all
}

// services are the services of ours that run.
func services(s *stack.Stack) []string {
	var apps []string
	for _, name := range s.Names() {
		if app, ok := strings.CutSuffix(name, "-sidecar"); ok && s.App(app).ID != "" && stack.ChosenStandIns()[app] == "" {
			apps = append(apps, app)
		}
	}
	return apps
}

// sum adds up a figure over everybody who has the labels, given as name and value in turn.
func (f figures) sum(name string, labels ...string) (sum float64) {
	for _, m := range f["marketplace_"+name] {
		has := map[string]string{}
		for _, l := range m.Label {
			has[l.GetName()] = l.GetValue()
		}
		fits := true
		for i := 0; i+1 < len(labels); i += 2 {
			fits = fits && has[labels[i]] == labels[i+1]
		}
		if fits {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// What happens on the market is counted, once, whatever is repeated.
func TestFigures(t *testing.T) {
	s := market(t)
	seller, buyer, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	before := figuresOf(t, s)

	sold, given := seller.sells("Counted once", "19.99"), seller.sells("Counted twice", "5")
	placed := buyer.orders(sold.ID)
	assert.Equal(t, 200, buyer.post("/api/orders", `{"ticketId":"`+sold.ID+`"}`).Status, "again: he has it already")
	late := other.with("POST", "/api/orders", `{"ticketId":"`+sold.ID+`"}`, "Idempotency-Key", "late") // or web may refuse it, and count it
	assert.Equal(t, "ticket_reserved", late.code())
	assert.Equal(t, "own_ticket", seller.post("/api/orders", `{"ticketId":"`+given.ID+`"}`).code())
	back := other.orders(given.ID)
	for range 2 {
		assert.Equal(t, 204, other.do("DELETE", "/api/orders/"+back.ID, "").Status)
	}
	assert.Equal(t, "card_declined", buyer.pays(placed.ID, "tok_chargeDeclined").code())
	for range 2 {
		assert.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	}
	eventually(t, "it is complete", func() bool { return buyer.order(placed.ID).Status == "complete" })

	assert.Equal(t, 200, buyer.get("/tickets/"+sold.ID).Status)

	after := figuresOf(t, s)
	for _, row := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{2, "tickets_listed_total", nil},
		{2, "orders_placed_total", nil},
		{1, "orders_completed_total", nil},
		{1, "order_completion_seconds", nil},
		{1, "orders_refused_total", []string{"code", "ticket_reserved"}},
		{1, "orders_refused_total", []string{"code", "own_ticket"}},
		{1, "orders_cancelled_total", []string{"reason", "buyer"}},
		{0, "orders_cancelled_total", []string{"reason", "expired"}},
		{1, "charges_total", nil},
		{1999, "charged_minor_units_total", []string{"currency", "usd"}},
		{1, "declines_total", []string{"code", "generic_decline"}},
		{0, "refunds_total", nil},
		{4, "http_request_duration_seconds", []string{"route", "/api/tickets", "method", "POST", "status", "2xx"}}, // of web, and of tickets
		{1, "http_request_duration_seconds", []string{"route", "/tickets/{id}", "method", "GET", "status", "2xx"}},
		{2, "http_request_duration_seconds", []string{"route", "/api/orders/{id}", "method", "DELETE", "status", "2xx"}},
		{2, "http_request_duration_seconds", []string{"route", "/api/orders/...", "method", "DELETE", "status", "2xx"}},
	} {
		assert.Equal(t, row.want, after.sum(row.name, row.labels...)-before.sum(row.name, row.labels...), "%s %v", row.name, row.labels)
	}
	eventually(t, "every event is counted", func() bool {
		return figuresOf(t, s).sum("events_total", "topic", "orders", "outcome", "handled") >= before.sum("events_total", "topic", "orders", "outcome", "handled")+4*3
	})
	eventually(t, "the catalogue has it", func() bool {
		return figuresOf(t, s).sum("catalogue_tickets", "state", "sold") >= before.sum("catalogue_tickets", "state", "sold")+1
	})
}

// named finds the figures in an expression.
var named = regexp.MustCompile(`\b(marketplace|dapr|jetstream|kube|kubelet|go|process)_[a-z0-9_]+\b`)

// Every figure that a rule or a dashboard names is there once somebody has bought something, in words that Prometheus' own
// linter has nothing against.
func TestEveryFigureIsThere(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(seller.sells("Seen", "10").ID)
	require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	eventually(t, "it is complete", func() bool { return buyer.order(placed.ID).Status == "complete" })

	there := map[string]bool{}
	for _, app := range services(s) {
		own := readFigures(t, s.App(app).FiguresPort())
		problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(own))).Lint()
		require.NoError(t, err)
		assert.Empty(t, problems, app)
		for _, page := range []map[string]*dto.MetricFamily{own, readFigures(t, s.App(app).MetricsPort)} {
			for name := range page {
				there[name] = true
			}
		}
	}
	for name := range stack.BrokerFigures() {
		there[name] = true
	}
	files := []string{"../k8s/choices/monitoring/rules.yaml"}
	dashboards, err := os.ReadDir("../k8s/choices/monitoring/dashboards")
	require.NoError(t, err)
	for _, file := range dashboards {
		files = append(files, "../k8s/choices/monitoring/dashboards/"+file.Name())
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range named.FindAllString(string(text), -1) {
			switch {
			case strings.HasPrefix(name, "kube"): // a cluster's own
			case strings.HasPrefix(name, "dapr_runtime_acl_"): // there when somebody was refused
			default:
				base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
				assert.True(t, there[name] || there[base], "%s names %s, which nobody has", file, name)
			}
		}
	}
}

// The figures are for whoever may read them on this machine, or in the pods' network: no request from outside, and no other
// service, gets there.
func TestFiguresAreBehindTheDoor(t *testing.T) {
	s := market(t)
	apps := services(s)
	for _, app := range apps {
		at := s.App(app)
		for _, path := range []string{"/metrics", "/api/users/metrics", "/api/orders/../metrics", "/api/orders/%2e%2e/metrics"} {
			assert.Equal(t, 404, call(t, "GET", s.URL+path, "", map[string]string{"dapr-app-id": app}), "through web: %s", path)
		}
		assert.Equal(t, 404, call(t, "GET", fmt.Sprintf("http://127.0.0.1:%d/metrics", at.AppPort), "", map[string]string{"dapr-api-token": s.APIToken}), "at %s's own door", app)
		for _, from := range apps {
			sidecar := fmt.Sprintf("http://127.0.0.1:%d/metrics", s.App(from).HTTPPort)
			shut := []int{404}
			if app == "web" {
				shut = append(shut, 401) // by a listener of another test, which is a web to the sidecars
			}
			assert.Contains(t, shut, call(t, "GET", sidecar, "", map[string]string{"dapr-app-id": app}), "%s invoked by %s", app, from)
		}
		own := fmt.Sprintf("http://127.0.0.1:%d", at.FiguresPort())
		assert.Equal(t, 200, call(t, "GET", own+"/metrics", "", nil))
		for _, path := range []string{"/", "/livez", "/metrics/x", "/debug/pprof/", "/dapr/subscribe", "/api/orders"} {
			assert.Equal(t, 404, call(t, "GET", own+path, "", nil), "%s%s", app, path)
		}
		assert.Equal(t, 405, call(t, "POST", own+"/metrics", "{}", nil))
	}
}
