package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// schedulerPart is Dapr's scheduler with its etcd inside, everything on loopback.
func (s *Stack) schedulerPart() *part {
	const id = "dapr-scheduler-server-0"
	return &part{name: partScheduler, health: answers(s.ports.schedulerHealth, "/healthz", http.StatusOK), command: command{
		args: []string{s.tool(".dapr/bin/scheduler"), "--id", id,
			"--listen-address", "127.0.0.1", "--port", strconv.Itoa(s.ports.scheduler),
			"--override-broadcast-host-port", s.Scheduler, // what sidecars are told to connect to
			"--healthz-listen-address", "127.0.0.1", "--healthz-port", strconv.Itoa(s.ports.schedulerHealth),
			"--enable-metrics=false",
			"--etcd-data-dir", s.local("scheduler"),
			"--etcd-client-listen-address", "127.0.0.1", "--etcd-client-port", strconv.Itoa(s.ports.etcdClient),
			"--etcd-initial-cluster", fmt.Sprintf("%s=http://127.0.0.1:%d", id, s.ports.etcdPeer),
			"--etcd-initial-election-tick-advance", // alone in its cluster, it need not wait for others
		},
		env: s.environ(groupBacking, nil),
		dir: s.options.Dir,
	}}
}

// keepsJobs checks that the scheduler works, by asking a sidecar for a job that is not there. The scheduler's own health
// page is content at once, although for 20 s after a crash it still waits for its former self and serves nobody.
// A sidecar that is starting waits for the scheduler to work; one that runs does not notice.
func (s *Stack) keepsJobs(ctx context.Context) error {
	_, body, err := get(ctx, fmt.Sprintf("http://127.0.0.1:%d/v1.0-alpha1/jobs/is-the-scheduler-back", s.apps[0].HTTPPort))
	if err == nil && !strings.Contains(body, "job not found") {
		err = errors.New("the scheduler does not serve jobs yet")
	}
	return err
}

// stripePart is the simulator that stands in for Stripe.
func (s *Stack) stripePart() *part {
	env := map[string]string{
		"STRIPESIM_ADDRESS":        fmt.Sprintf("127.0.0.1:%d", s.ports.stripe),
		"STRIPESIM_DATA":           s.local("stripe"),
		"STRIPESIM_SECRET_KEY":     s.keys.stripeKey,
		"STRIPESIM_WEBHOOK_SECRET": s.keys.webhookSecret,
		"STRIPESIM_WEBHOOK_URL":    s.URL + "/api/payments/webhook",
	}
	for name, value := range s.options.Env {
		env[name] = value
	}
	return &part{name: partStripe, health: answers(s.ports.stripe, "/healthz", http.StatusOK), command: command{
		args: []string{filepath.Join(s.options.Bin, "stripesim")},
		env:  s.environ(groupBacking, env),
		dir:  s.options.Dir,
	}}
}

// wantsRealStripe reports that the environment names a Stripe account.
// Our own simulator's key, left in a shell that has read .local/env, is none.
func (s *Stack) wantsRealStripe() bool {
	key := os.Getenv("STRIPE_SECRET_KEY")
	return key != "" && key != s.keys.stripeKey
}

// listeners are all ports that this stack is going to open, with who opens them.
func (s *Stack) listeners() []listener {
	var wanted []listener
	for _, r := range s.servers {
		for _, port := range r.ports {
			wanted = append(wanted, listener{port, r.name})
		}
	}
	if s.ownScheduler {
		wanted = append(wanted, listener{s.ports.scheduler, "the scheduler"},
			listener{s.ports.schedulerHealth, "the scheduler"}, listener{s.ports.etcdClient, "the scheduler"}, listener{s.ports.etcdPeer, "the scheduler"})
	}
	if !s.RealStripe {
		wanted = append(wanted, listener{s.ports.stripe, "the Stripe simulator"})
	}
	if s.options.Traces != "" {
		wanted = append(wanted, listener{s.ports.zipkin, "Zipkin"})
	}
	if s.options.Backing {
		return wanted
	}
	if s.options.Metrics {
		wanted = append(wanted, listener{s.ports.prometheus, "Prometheus"}, listener{s.ports.brokerFigures, "the broker's figures"})
	}
	for _, app := range slices.Concat(s.apps, s.further) {
		wanted = append(wanted, listener{app.AppPort, app.name()}, listener{app.FiguresPort(), app.name()})
		for _, port := range []int{app.HTTPPort, app.GRPCPort, app.InternalPort, app.MetricsPort} {
			wanted = append(wanted, listener{port, "the sidecar of " + app.name()})
		}
	}
	return wanted
}
