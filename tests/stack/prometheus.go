package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	partPrometheus = "prometheus"

	defaultPrometheusPort = 9090
	scrapeEvery           = 5 * time.Second // a developer waits for what he sees
	hurriedScrape         = time.Second
	monitoring            = "k8s/choices/monitoring" // rules and what is kept of the sidecars' figures: the cluster's
)

// missingPrometheus is what Metrics lacks on this machine.
func (s *Stack) missingPrometheus() error {
	if !s.options.Metrics || s.program("prometheus") != "" {
		return nil
	}
	return errors.New("METRICS=1 needs prometheus, which is not installed: apt-get install prometheus")
}

// prometheusPart is Prometheus with the cluster's rules, reading every service, every sidecar and the broker.
func (s *Stack) prometheusPart() *part {
	return &part{name: partPrometheus, health: answers(s.ports.prometheus, "/-/ready", http.StatusOK), command: command{
		args: []string{s.program("prometheus"), "--config.file", s.local(partPrometheus, "prometheus.yaml"),
			"--web.listen-address", fmt.Sprintf("127.0.0.1:%d", s.ports.prometheus),
			"--storage.tsdb.path", s.local(partPrometheus, "data"), "--storage.tsdb.retention.time", "7d", "--log.level", "warn"},
		env: s.environ(groupBacking, nil),
		dir: s.options.Dir,
	}}
}

// startPrometheus starts it last: what it reads is there.
func (s *Stack) startPrometheus(ctx context.Context) error {
	if !s.options.Metrics {
		return nil
	}
	if err := s.writePrometheus(); err != nil {
		return err
	}
	if s.NATSURL != "" {
		stop, err := showBroker(s.NATSURL, s.ports.brokerFigures)
		if err != nil {
			return err
		}
		s.stopFigures = stop
	}
	p := s.prometheusPart()
	if err := s.run(p); err != nil {
		return err
	}
	return s.await(ctx, p)
}

type (
	scrape struct {
		Job     string     `yaml:"job_name"`
		Every   string     `yaml:"scrape_interval,omitempty"`
		Targets []target   `yaml:"static_configs"`
		Keep    []keepOnly `yaml:"metric_relabel_configs,omitempty"`
	}
	target struct {
		At     []string          `yaml:"targets"`
		Labels map[string]string `yaml:"labels,omitempty"`
	}
	keepOnly struct {
		Of     []string `yaml:"source_labels"`
		Regex  string   `yaml:"regex"`
		Action string   `yaml:"action"`
	}
)

// writePrometheus writes its configuration: what the monitors and rules of the cluster say, for what runs here.
func (s *Stack) writePrometheus() error {
	if err := os.MkdirAll(s.local(partPrometheus), 0o755); err != nil {
		return err
	}
	rules, err := Rules(s.options.Root, s.options.Hurry)
	if err != nil {
		return err
	}
	kept, err := keptOfSidecars(s.options.Root)
	if err != nil {
		return err
	}
	every := scrapeEvery
	if s.options.Hurry > 1 {
		every = hurriedScrape
	}
	services, sidecars := scrape{Job: "marketplace"}, scrape{Job: "sidecars", Keep: []keepOnly{{[]string{"__name__"}, kept, "keep"}}}
	if s.options.Hurry <= 1 {
		sidecars.Every = (3 * every).String()
	}
	at := func(port int) []string { return []string{fmt.Sprintf("127.0.0.1:%d", port)} }
	for _, app := range slices.Concat(s.apps, s.further) {
		labels := map[string]string{"app": app.ID}
		sidecars.Targets = append(sidecars.Targets, target{at(app.MetricsPort), labels})
		if _, foreign := s.options.StandIns[app.ID]; !foreign { // those have no figures of their own
			services.Targets = append(services.Targets, target{at(app.FiguresPort()), labels})
		}
	}
	config := map[string]any{
		"global":         map[string]string{"scrape_interval": every.String(), "evaluation_interval": every.String(), "scrape_timeout": min(every, 4*time.Second).String()},
		"rule_files":     []string{"rules.yaml"},
		"scrape_configs": []scrape{services, sidecars},
	}
	if s.NATSURL != "" {
		config["scrape_configs"] = []scrape{services, sidecars, {Job: "broker", Targets: []target{{At: at(s.ports.brokerFigures)}}}}
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(s.local(partPrometheus, "prometheus.yaml"), text, 0o644),
		os.WriteFile(s.local(partPrometheus, "rules.yaml"), rules, 0o644))
}

// Rules are the cluster's, in the form of a file that Prometheus reads. With hurry above 1 all their time passes that many
// times faster, down to what a few scrapes need.
func Rules(root string, hurry int) ([]byte, error) {
	var resource struct {
		Spec map[string]any `yaml:"spec"`
	}
	text, err := os.ReadFile(filepath.Join(root, monitoring, "rules.yaml"))
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &resource); err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	rules, err := yaml.Marshal(resource.Spec)
	if err != nil || hurry <= 1 {
		return rules, err
	}
	faster := func(text string) string {
		d := time.Duration(0)
		if days, found := strings.CutSuffix(text, "d"); found {
			n, _ := strconv.Atoi(days)
			d = time.Duration(n) * 24 * time.Hour
		} else {
			d, _ = time.ParseDuration(text)
		}
		return fmt.Sprintf("%ds", max(4, int(d.Seconds())/hurry))
	}
	rules = window.ReplaceAllFunc(rules, func(m []byte) []byte { return []byte("[" + faster(strings.Trim(string(m), "[]")) + "]") })
	return patience.ReplaceAllFunc(rules, func(m []byte) []byte {
		return []byte("for: " + faster(strings.TrimPrefix(string(m), "for: ")))
	}), nil
}

var (
	window   = regexp.MustCompile(`\[[0-9]+[smhd]\]`)
	patience = regexp.MustCompile(`\bfor: [0-9]+[smhd]`)
)

// keptOfSidecars is the pattern of the figures of a sidecar that are worth reading.
func keptOfSidecars(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, monitoring, "monitors.yaml"))
	if err != nil {
		return "", err
	}
	var monitor struct {
		Spec struct {
			Endpoints []struct {
				Relabelings []struct{ Regex string } `yaml:"metricRelabelings"`
			} `yaml:"podMetricsEndpoints"`
		}
	}
	if err := yaml.Unmarshal(text, &monitor); err != nil { // the first of two documents
		return "", fmt.Errorf("read the monitors: %w", err)
	}
	for _, endpoint := range monitor.Spec.Endpoints {
		for _, r := range endpoint.Relabelings {
			return r.Regex, nil
		}
	}
	return "", errors.New("the monitors do not say what is kept of the sidecars")
}
