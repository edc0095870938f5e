package stack

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Ports of what dapr.yaml does not list.
const (
	defaultNATSPort      = 4222
	defaultStripePort    = 12111
	defaultSchedulerPort = 50006
)

// The marks of this program's stacks begin with programMark and end with a number of their own.
var (
	programMark = rand.Text()
	stackCount  atomic.Int64
)

// arrange reads dapr.yaml, takes the data folder and settles all ports. It starts nothing.
func arrange(o Options) (_ *Stack, err error) {
	if o, err = o.complete(); err != nil {
		return nil, err
	}
	s := &Stack{options: o, Dir: o.Dir, mark: fmt.Sprintf("%s.%d.", programMark, stackCount.Add(1)), deaths: make(chan Death, 1)}
	if err := s.own(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	s.RunFile = filepath.Join(o.Root, "dapr.yaml")
	file, err := readRunFile(s.RunFile)
	if err != nil {
		return nil, err
	}
	if err := file.chooseAll(o); err != nil {
		return nil, err
	}
	if o.Contents != "" {
		file.Common.ResourcesPaths = append(file.Common.ResourcesPaths, filepath.Join("components", "contents-"+o.Contents))
	}
	s.folders, s.servers = file.Common.ResourcesPaths, serversFor(file.Common.ResourcesPaths)
	for _, r := range s.servers {
		r.stack = s
	}
	if s.standIns, err = o.standIns(); err != nil {
		return nil, err
	}
	if s.block, err = claimPorts(); err != nil {
		return nil, err
	}
	if err := s.settlePorts(file); err != nil {
		return nil, err
	}

	root := o.Root
	if o.ownRunFile() {
		if root, err = s.copyComponents(); err != nil {
			return nil, err
		}
	}
	file.move(root, o.Dir, o.Bin)
	for _, one := range s.standIns {
		if err := file.standIn(one); err != nil {
			return nil, err
		}
	}
	if o.Contents != "" {
		file.setEnv(map[string]string{"CONTENT_BINDING": "contents"})
	}
	if err := s.trace(file); err != nil {
		return nil, err
	}
	file.setEnv(o.Env)
	if s.Prometheus != "" {
		file.setEnvOf("desk", "FIGURES_FROM", s.Prometheus)
	}
	if o.ownRunFile() {
		s.RunFile = filepath.Join(o.Dir, ".local", "dapr.yaml")
		if err := file.write(s.RunFile); err != nil {
			return nil, err
		}
	}
	s.apps = file.Apps
	if s.keys, err = openKeys(s.local("keys")); err != nil {
		return nil, err
	}
	s.APIToken = s.keys.appToken
	if s.RealStripe = s.wantsRealStripe(); s.RealStripe {
		s.StripeURL = ""
	}
	s.ownScheduler = !o.Backing || free(s.ports.scheduler) // with `dapr init` there may be one already
	return s, nil
}

// copyComponents gives the stack components of its own and returns what their paths are relative to: sidecars start
// anew when a file changes that they were given, and somebody may be editing the repository's.
func (s *Stack) copyComponents() (string, error) {
	root := s.local("repository")
	if err := os.RemoveAll(root); err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(root, "components"), os.DirFS(filepath.Join(s.options.Root, "components"))); err != nil {
		return "", err
	}
	if !s.options.FreePorts {
		return root, nil
	}
	// Stacks side by side may share a MongoDB that none of them has started.
	path := filepath.Join(root, "components", "state-mongodb", "statestore.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(s.options.Dir))
	const named = "- name: databaseName\n      value: marketplace"
	own := strings.Replace(string(text), named, fmt.Sprintf("%s-%x", named, sum[:8]), 1)
	if own == string(text) {
		return "", fmt.Errorf("%s does not name its database as it did", path)
	}
	return root, os.WriteFile(path, []byte(own), 0o600)
}

// settlePorts decides where everything listens and writes that into file where it differs.
func (s *Stack) settlePorts(file *runFile) error {
	s.ports.stripe, s.ports.scheduler = defaultStripePort, defaultSchedulerPort
	if _, port, ok := strings.Cut(file.Common.SchedulerHostAddress, ":"); ok {
		number, err := strconv.Atoi(port)
		if err != nil {
			return fmt.Errorf("schedulerHostAddress in dapr.yaml: %w", err)
		}
		s.ports.scheduler = number
	}
	if s.options.FreePorts {
		file.renumber(s.block.take)
		s.ports.stripe, s.ports.scheduler = s.block.take(), s.block.take()
	}
	// Nobody needs to know these.
	s.ports.schedulerHealth, s.ports.etcdClient, s.ports.etcdPeer = s.block.take(), s.block.take(), s.block.take()

	if s.options.Metrics {
		s.ports.prometheus, s.ports.brokerFigures = defaultPrometheusPort, s.block.take()
		if s.options.FreePorts {
			s.ports.prometheus = s.block.take()
		}
		s.Prometheus = fmt.Sprintf("http://127.0.0.1:%d", s.ports.prometheus)
	}

	s.Scheduler = fmt.Sprintf("127.0.0.1:%d", s.ports.scheduler)
	for _, r := range s.servers {
		for range r.server.ports {
			r.ports = append(r.ports, s.block.take())
		}
		if r.name == natsServer.name {
			if !s.options.FreePorts {
				r.ports[0] = defaultNATSPort
			}
			s.NATSURL = "nats://" + r.at()
		}
		if r.name == inboxServer.name {
			if !s.options.FreePorts {
				r.ports = []int{defaultInboxPort, defaultInboxPagePort}
			}
			s.InboxURL = fmt.Sprintf("http://127.0.0.1:%d", r.ports[1])
		}
	}
	s.StripeURL = fmt.Sprintf("http://127.0.0.1:%d", s.ports.stripe)
	file.Common.SchedulerHostAddress = s.Scheduler
	web := slices.IndexFunc(file.Apps, func(a App) bool { return a.ID == "web" })
	if web < 0 {
		return fmt.Errorf("%s lists no app called web", s.RunFile)
	}
	s.URL = file.Apps[web].url()
	s.URLs = []string{s.URL}
	for n := 2; n <= s.options.Replicas; n++ {
		for _, app := range file.Apps {
			app.replica = n
			app.renumber(s.block.take)
			if app.ID == "web" {
				s.URLs = append(s.URLs, app.url())
			}
			s.further = append(s.further, app)
		}
	}
	return nil
}
