// Package stack runs the whole marketplace on this machine, as `make run` and the tests do: the store and the broker that
// dapr.yaml names, the scheduler of jobs, the Stripe simulator, and every service beside its own sidecar, started by
// `dapr run -f dapr.yaml`.
//
// What one Start starts, its Stop ends, whatever happens in between: nothing outlives the program that called Start,
// even if that is killed (see keeper.go). It relies on Linux's /proc.
package stack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Options say what to start and where. The zero value is what `make run` starts.
type Options struct {
	Root       string            // the repository; "" looks for it from the current folder upwards
	Dir        string            // holds everything a run leaves behind, in Dir/.local; "" means Root
	Bin        string            // the built services and the simulator; "" means Root/.local/bin
	FreePorts  bool              // any free ports instead of those in dapr.yaml, for stacks side by side
	State      string            // the store: "redis" for components/state-redis; "" means the one that dapr.yaml names
	PubSub     string            // the broker, likewise
	Contents   string            // what keeps sellers' files: "disk" for components/contents-disk; "" means the store
	Mail       string            // the mail server, likewise; NoMail for none
	Replicas   int               // of each service, each beside a sidecar of its own; 0 means 1
	StandIns   map[string]string // services that tests/polyglot takes the place of, with the language: {"expiration": "python"}
	Env        map[string]string // for every service, over what dapr.yaml says
	Traces     string            // the share of all traces that is kept, in a Zipkin of the stack's own: "1"; "" means none
	KeepEvents bool              // in JetStream also those that everybody has handled, for who reads them afterwards
	Metrics    bool              // Prometheus too, reading everybody's figures, with the cluster's rules
	Hurry      int               // for tests that wait for alarms: how many times faster the rules' time passes; 0 means 1
	Backing    bool              // only what the services lean on, for those who type `dapr run` themselves
	Log        io.Writer         // what is being done; nil discards it
}

// NoMail leaves out the mail server.
const NoMail = "none"

const (
	startLimit   = 60 * time.Second       // from Start to everything healthy
	mostReplicas = 3                      // there are ports for that many
	pollEvery    = 50 * time.Millisecond  // how often a part is asked whether it is healthy
	lookEvery    = 250 * time.Millisecond // how often it is checked that nothing has died
)

// Chosen is o with the choices that the environment makes: STATE, PUBSUB, MAIL, REPLICAS, METRICS, TRACES, and a language for a
// service, as in EXPIRATION=python.
func (o Options) Chosen() (Options, error) {
	o.State, o.PubSub = os.Getenv("STATE"), os.Getenv("PUBSUB")
	switch text := os.Getenv("METRICS"); text {
	case "", "0":
	case "1":
		o.Metrics = true
	default:
		return o, fmt.Errorf("METRICS must be 1, or not there, not %q", text)
	}
	if mail := os.Getenv("MAIL"); mail != "" {
		o.Mail = mail
	}
	if share := os.Getenv("TRACES"); share != "" {
		o.Traces = share
	}
	if chosen := ChosenStandIns(); len(chosen) > 0 {
		o.StandIns = chosen
	}
	if text := os.Getenv("REPLICAS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("REPLICAS must be 1 to %d, not %q", mostReplicas, text)
		}
		o.Replicas = n
	}
	return o, nil
}

func (o Options) complete() (Options, error) {
	var err error
	if o.Replicas < 0 || o.Replicas > mostReplicas {
		return o, fmt.Errorf("REPLICAS must be 1 to %d, not %d", mostReplicas, o.Replicas)
	}
	if share, err := strconv.ParseFloat(o.Traces, 64); o.Traces != "" && (err != nil || share <= 0 || share > 1) {
		return o, fmt.Errorf("TRACES must be the share of all traces that is kept, above 0 and up to 1, not %q", o.Traces)
	}
	if o.Root == "" {
		if o.Root, err = findRoot(); err != nil {
			return o, err
		}
	}
	if o.Dir == "" {
		o.Dir = o.Root
	}
	if o.Bin == "" {
		o.Bin = filepath.Join(o.Root, ".local", "bin")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	for _, path := range []*string{&o.Root, &o.Dir, &o.Bin} {
		if *path, err = filepath.Abs(*path); err != nil {
			return o, err
		}
	}
	return o, nil
}

// ownRunFile reports that the repository's dapr.yaml does not fit as it is, so a changed copy is needed.
func (o Options) ownRunFile() bool {
	return o.FreePorts || o.Dir != o.Root || o.Bin != filepath.Join(o.Root, ".local", "bin") || len(o.Env) > 0 ||
		o.State != "" || o.PubSub != "" || o.Contents != "" || o.Traces != "" || o.Mail != "" || len(o.StandIns) > 0
}

func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "dapr.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside the repository: no dapr.yaml in this folder or above it")
		}
	}
}
