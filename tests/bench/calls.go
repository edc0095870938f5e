package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// calls counts what a sidecar did for its service, by kind and, behind a slash, with what: "publish/orders".
type calls map[string]float64

// kinds of calls, in the order they are told.
var kinds = []string{"state_get", "state_save", "publish", "delivery", "invocation", "job"}

func kindOf(call string) string {
	kind, _, _ := strings.Cut(call, "/")
	return kind
}

// byKind adds up calls of each kind, and all of them as "total".
func (c calls) byKind() calls {
	sums := calls{"total": 0}
	for _, kind := range kinds {
		sums[kind] = 0
	}
	for call, n := range c {
		sums[kindOf(call)] += n
		sums["total"] += n
	}
	return sums
}

// since returns what was counted after an earlier count, for each of n.
func (c calls) since(before calls, n int) calls {
	d := calls{}
	for call, count := range c {
		if count != before[call] {
			d[call] = (count - before[call]) / float64(n)
		}
	}
	return d
}

// traffic is the calls of every sidecar, by service.
type traffic map[string]calls

func (t traffic) since(before traffic, n int) traffic {
	d := traffic{}
	for app, c := range t {
		d[app] = c.since(before[app], n)
	}
	return d
}

func (t traffic) all() calls {
	sum := calls{}
	for _, c := range t {
		for call, n := range c {
			sum[call] += n
		}
	}
	return sum
}

// apps are the services, by the sidecars beside them.
func apps(s *stack.Stack) []string {
	var ids []string
	for _, name := range s.Names() {
		if id, ok := strings.CutSuffix(name, "-sidecar"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// readTraffic asks every sidecar for its metrics.
func readTraffic(ctx context.Context, s *stack.Stack) (traffic, error) {
	t := traffic{}
	for _, app := range apps(s) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", s.App(app).MetricsPort), nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		t[app], err = readCalls(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("metrics of the sidecar of %s: %w", app, err)
		}
	}
	return t, nil
}

// quiet waits until no sidecar has counted a call for a second and a half: nudges are looked at a second after they are sent.
func quiet(ctx context.Context, s *stack.Stack) (traffic, error) {
	last := traffic{}
	for range 100 {
		now, err := readTraffic(ctx, s)
		if err != nil || maps.Equal(now.all(), last.all()) {
			return now, err
		}
		last = now
		if err := pause(ctx, 1500*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the sidecars have not come to rest within two and a half minutes")
}

var (
	sample = regexp.MustCompile(`^(\w+)\{(.*)\} (\S+)`)
	label  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// readCalls picks the calls out of a sidecar's metrics, in Prometheus's text format.
func readCalls(text io.Reader) (calls, error) {
	counted := calls{}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		parts := sample.FindStringSubmatch(lines.Text())
		if parts == nil {
			continue
		}
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(parts[2], -1) {
			labels[l[1]] = l[2]
		}
		call := callOf(parts[1], labels)
		if call == "" {
			continue
		}
		n, err := strconv.ParseFloat(parts[3], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		counted[call] += n
	}
	return counted, lines.Err()
}

// callOf says which call a series counts, "" for those that count something else. Many documents read at once are one
// call; heartbeats and health probes are none.
func callOf(series string, label map[string]string) string {
	if label["topic"] == events.HeartbeatsTopic {
		return ""
	}
	switch series {
	case "dapr_component_state_count":
		if strings.HasSuffix(label["operation"], "get") { // bulk_get too
			return "state_get"
		}
		return "state_save"
	case "dapr_component_pubsub_egress_count", "dapr_component_pubsub_egress_bulk_count":
		return "publish/" + label["topic"]
	case "dapr_component_pubsub_ingress_count", "dapr_component_pubsub_ingress_bulk_count":
		return "delivery/" + label["component"] + "/" + label["topic"]
	case "dapr_runtime_service_invocation_req_sent_total":
		return "invocation/" + label["dst_app_id"]
	case "dapr_component_job_success_count", "dapr_component_job_failure_count":
		return "job/ring"
	case "dapr_grpc_io_server_completed_rpcs":
		switch method := label["grpc_server_method"]; {
		case strings.Contains(method, "/ScheduleJob"):
			return "job/set"
		case strings.Contains(method, "/DeleteJob"):
			return "job/delete"
		}
	}
	return ""
}
