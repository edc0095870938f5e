package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A part is one process of the stack, by the name that people and tests call it.
type part struct {
	name    string
	health  func(context.Context) error // nil: it only has to stay alive
	app     *App                        // whose service or sidecar this is; nil for the rest
	sidecar bool
	command command // how it was started
	child   *child  // nil when the CLI started it
	process process // zero until it is known
	excused bool    // its death was asked for, or told already
}

// The parts that are neither services nor servers.
const (
	partScheduler = "scheduler"
	partStripe    = "stripe"
	partDapr      = "dapr" // the CLI
)

// sidecarOf is the name of the sidecar beside the service called name.
func sidecarOf(name string) string { return name + "-sidecar" }

// appParts are the services and sidecars of apps, none of them running yet.
func appParts(apps []App) []*part {
	var parts []*part
	for i := range apps {
		app := &apps[i]
		parts = append(parts,
			&part{name: app.name(), app: app, health: answers(app.AppPort, "/healthz", http.StatusOK)},
			&part{name: sidecarOf(app.name()), app: app, sidecar: true, health: answers(app.HTTPPort, "/v1.0/healthz", http.StatusNoContent)})
	}
	return parts
}

// find looks among the CLI's children for the parts that are not known yet: the ports tell which is which.
func (s *Stack) find() {
	cli := s.parts[partDapr]
	if cli == nil || !slices.ContainsFunc(s.order, func(p *part) bool { return p.process.pid == 0 }) {
		return
	}
	for _, found := range processes(s.mark) {
		if readStat(found.pid).parent != cli.process.pid {
			continue
		}
		args := found.args()
		port, sidecar := valueAfter(args, "--dapr-http-port"), true
		if port == "" {
			port, sidecar = found.env("DAPR_HTTP_PORT"), false
		}
		for _, p := range s.order {
			if p.app != nil && p.process.pid == 0 && p.sidecar == sidecar && strconv.Itoa(p.app.HTTPPort) == port {
				p.process = found
				p.command = command{args: args, env: found.environ(), dir: p.app.Dir}
			}
		}
	}
}

func valueAfter(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

var health = http.Client{
	Timeout:   time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

// answers checks that GET path on port is answered with status.
func answers(port int, path string, status int) func(context.Context) error {
	url := fmt.Sprintf("http://127.0.0.1:%d%s", port, path)
	return func(ctx context.Context) error {
		got, _, err := get(ctx, url)
		if err == nil && got != status {
			err = fmt.Errorf("%s answers %d", url, got)
		}
		return err
	}
}

func get(ctx context.Context, url string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := health.Do(req)
	if err != nil {
		return 0, "", errors.New("no answer from " + url)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return resp.StatusCode, string(text), err
}

// listens checks that port accepts connections.
func listens(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return fmt.Errorf("nothing listens on port %d", port)
		}
		return conn.Close()
	}
}

// logFile is where p writes, "" while the CLI has not opened it yet.
func (s *Stack) logFile(p *part) string {
	if p.command.log != "" {
		return p.command.log
	}
	kind := "app"
	if p.sidecar {
		kind = "daprd"
	}
	files, _ := filepath.Glob(filepath.Join(p.app.Dir, ".dapr", "logs", p.app.ID+"_"+kind+"_*.log"))
	files = slices.DeleteFunc(files, func(file string) bool { return slices.Contains(s.oldLogs, file) })
	if len(files) == 0 {
		return ""
	}
	return slices.MaxFunc(files, strings.Compare) // the name ends with the time
}
