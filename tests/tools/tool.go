package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A tool is one thing to install: one program, or several that come from one build.
type tool struct {
	name      string   // what people call it
	version   string   // pinned; a change rebuilds
	ask       []string // arguments that make the first program print its version
	says      string   // what that answer puts before the number of the version
	files     []string // programs, as paths inside .tools; the first is the one asked
	installed          // where else it may be found
	why       string   // what it is for, in a few words
	usual     string   // how long a build takes on two cores with nothing cached
	check     bool     // only wanted when named
	raised    string   // module@version that the programs must be built with, newer than the tool itself asks for
	mended    mend     // what is changed in the tool's own source
	build     func(ctx context.Context, t tool, out string) error
	fetched   // nothing is built: jars that are published are taken as they are
}

// A mend changes one place in a file of a tool's source. What is built so has the build tag mendedTag, by which it is known.
type mend struct{ file, old, new string }

const mendedTag = "mended"

// tools are pinned together: each was run with the others in these versions.
var tools = []tool{
	{
		name: "nats-server", version: "v2.15.2", ask: []string{"--version"}, says: "v",
		files: []string{"bin/nats-server"}, installed: onPath,
		why: "carries the events", usual: "under a minute",
		build: goInstall("github.com/nats-io/nats-server/v2"),
	},
	{
		name: "dapr", version: "v1.16.5", ask: []string{"--version"}, says: "CLI version: ",
		files: []string{"bin/dapr"}, installed: onPath,
		why: "the Dapr command line, `dapr run -f dapr.yaml`", usual: "2 to 3 minutes",
		build: buildCLI,
	},
	{
		// The scheduler cannot be asked for its version; both come from one build and are put in place together, daprd last.
		name: "daprd", version: "v1.18.2", ask: []string{"--version"}, says: "",
		files: []string{".dapr/bin/daprd", ".dapr/bin/scheduler"}, installed: inDaprHome,
		// The SQLite driver that Dapr 1.18.2 asks for leaves a statement open when a query is cancelled, as happens when a
		// service dies: its connection then shows old data for as long as it lives.
		raised: "modernc.org/sqlite@v1.61.1",
		// Two requests that it has for its service at the same moment may run each other's code, since all of them are put into
		// one place before they run: when the service dies then, a job or an event that nobody took counts as done. It is for
		// middleware, of which there is none here.
		mended: mend{
			file: "pkg/middleware/http/pipeline.go",
			old:  "\treturn func(root http.Handler) http.Handler {\n",
			new:  "\treturn func(root http.Handler) http.Handler {\n\t\tif p.spec == nil || len(p.spec.Handlers) == 0 {\n\t\t\treturn root\n\t\t}\n",
		},
		why: "the sidecar and the scheduler of jobs", usual: "6 to 9 minutes",
		build: buildRuntime,
	},
	{
		name: "zipkin", version: "3.6.1", files: []string{"zipkin/zipkin-server-exec.jar"}, check: true,
		why: "shows traces; it needs Java", usual: "half a minute",
		fetched: fetched{
			artifacts: []string{"io.zipkin:zipkin-server:3.6.1:jar:exec"},
			sum:       "d8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1",
		},
	},
	{
		name: "kafka", version: "4.1.1", files: []string{"kafka"}, check: true,
		why: "a broker to choose; it needs Java", usual: "half a minute",
		fetched: fetched{
			artifacts: []string{"org.apache.kafka:kafka_2.13:4.1.1", "org.slf4j:slf4j-simple:1.7.36"}, // the second writes its log
			needed:    true,
			sum:       "cc103740486a3dac6e1ea7592ee7d3ae8307b7b5ad7f45e8003104a16f2548c2",
		},
	},
	{
		name: "staticcheck", version: "v0.7.0", ask: []string{"-version"}, says: "v",
		files: []string{"bin/staticcheck"}, installed: nowhere, check: true,
		why: "finds mistakes that go vet does not", usual: "about a minute",
		build: goInstall("honnef.co/go/tools/cmd/staticcheck"),
	},
	{
		name: "govulncheck", version: "v1.8.0", ask: []string{"-version"}, says: "v",
		files: []string{"bin/govulncheck"}, installed: nowhere, check: true,
		why: "finds known vulnerabilities in what we import", usual: "about a minute",
		build: goInstall("golang.org/x/vuln/cmd/govulncheck"),
	},
}

// choose picks the named tools; no name means everything that the stack runs on.
func choose(names []string) ([]tool, error) {
	var chosen []tool
	for _, t := range tools {
		if slices.Contains(names, t.name) || len(names) == 0 && !t.check {
			chosen = append(chosen, t)
		}
	}
	if len(names) > 0 && len(chosen) != len(names) {
		return nil, fmt.Errorf("no such tool among %s", strings.Join(names, ", "))
	}
	return chosen, nil
}
