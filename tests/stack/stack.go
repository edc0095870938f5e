package stack

import (
	"os"
	"slices"
	"sync"
)

// A Stack is the running marketplace. Its methods may be called from several goroutines, except Restart and Stop.
type Stack struct {
	URL        string   // of the web service
	URLs       []string // of each of its replicas
	NATSURL    string   // "" when the broker is another one
	StripeURL  string   // of the simulator; "" when RealStripe
	ZipkinURL  string   // where traces are shown; "" when none are kept
	InboxURL   string   // of the page of all mail; "" when mail goes elsewhere, or nowhere
	Scheduler  string   // host:port of the scheduler of jobs
	APIToken   string   // what a call to anything but /livez and /healthz of a service must show as dapr-api-token
	Dir        string   // the data folder: everything is in Dir/.local
	RunFile    string   // what the Dapr CLI is given: the repository's dapr.yaml, or a copy of it with other ports, folders, components
	Prometheus string   // its address; "" without Options.Metrics
	RealStripe bool     // the environment named a Stripe account, so there is no simulator

	options  Options
	apps     []App      // those in dapr.yaml
	further  []App      // the second and third replicas of each
	folders  []string   // of components, in use
	servers  []*running // store and broker
	standIns []standIn
	ports    struct{ scheduler, stripe, zipkin, schedulerHealth, etcdClient, etcdPeer, prometheus, brokerFigures int }
	block    *portBlock
	lock     *os.File
	keys     keys
	mark     string // what the value of markKey begins with

	ownScheduler bool
	dismiss      func() // ends the keeper
	stopFigures  func() // of the broker; nil when there are none
	oldLogs      []string
	quitWatch    chan struct{}
	deaths       chan Death
	mu           sync.Mutex // guards the parts and their fields
	parts        map[string]*part
	order        []*part // as they were started
}

// App is the service called id with its ports; the zero App when there is none.
func (s *Stack) App(id string) App {
	for _, app := range s.apps {
		if app.ID == id {
			return app
		}
	}
	return App{}
}

// StripeKey is the secret key that the simulator takes.
func (s *Stack) StripeKey() string { return s.keys.stripeKey }

// Replicas returns the service called id once for each replica, with its ports; the first is App(id).
func (s *Stack) Replicas(id string) []App {
	var found []App
	for _, app := range slices.Concat(s.apps, s.further) {
		if app.ID == id {
			found = append(found, app)
		}
	}
	return found
}

// Names lists every part: each service and its sidecar ("orders", "orders-sidecar"; of a second replica "orders-2",
// "orders-2-sidecar"), the store's and the broker's server
// ("nats", "redis", "postgres", "mariadb", "rabbitmq", "kafka"), scheduler, stripe, zipkin, dapr.
func (s *Stack) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, p := range s.order {
		names = append(names, p.name)
	}
	return names
}

// PID is the process of the part called name, 0 when there is none.
func (s *Stack) PID(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.parts[name]; p != nil {
		return p.process.pid
	}
	return 0
}

// LogFile is where the part called name writes, "" when it has not written yet.
func (s *Stack) LogFile(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.parts[name]; p != nil {
		return s.logFile(p)
	}
	return ""
}

// Died tells each part that ends although neither Stop, Restart nor Kill asked it to.
func (s *Stack) Died() <-chan Death { return s.deaths }
