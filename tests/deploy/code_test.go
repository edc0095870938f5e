package deploy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// code is what the services' source and dapr.yaml say, as far as k8s/ has to agree with it.
type code struct {
	apps       map[string]int             // app id to port, as in dapr.yaml
	health     string                     // the path that a sidecar asks its service for
	routes     map[string][]route         // ways in for people and for other services
	calls      []call                     // who invokes whom
	invokers   map[string]bool            // "app function" of those that do
	readiness  map[string][]string        // by service, the names in what its /readyz asks
	prefixes   map[string]string          // what web passes on, and to whom
	listens    map[string]bool            // services with events
	keeps      map[string]bool            // services with state
	settings   map[string]map[string]bool // environment variables; true if required
	components []string                   // names of the components that the code uses
	topics     []string
	stopLimit  time.Duration
}

// route is a line of a service's routes.go.
type route struct {
	method, path string
	callers      []string // of an internal route; nil means people, through web
}

// call is an Invoke of a service.
type call struct{ from, to, method, path string }

// readCode reads it once.
var readCode = sync.OnceValues(func() (code, error) {
	c := code{
		apps: map[string]int{}, routes: map[string][]route{}, prefixes: map[string]string{}, listens: map[string]bool{},
		keeps: map[string]bool{}, settings: map[string]map[string]bool{}, invokers: map[string]bool{}, readiness: map[string][]string{},
	}
	if err := c.readRunFile(); err != nil {
		return c, err
	}
	program, err := streams()
	if err != nil {
		return c, err
	}
	listed, err := exec.Command(program, "list").Output()
	if err != nil {
		return c, fmt.Errorf("streams list: %w", err)
	}
	c.topics = strings.Fields(string(listed))
	shared := map[string]bool{}
	for _, folder := range []string{"shared/trace", "shared/service", "shared/dapr"} {
		files, err := parseFolder(folder)
		if err != nil {
			return c, err
		}
		readSettings(files, shared)
		c.readShared(files)
	}
	c.settings["streams"] = map[string]bool{}
	files, err := parseFolder("k8s/streams")
	if err != nil {
		return c, err
	}
	readSettings(files, c.settings["streams"])
	for app := range c.apps {
		files, err := parseFolder("services/" + app)
		if err != nil {
			return c, err
		}
		c.settings[app] = map[string]bool{}
		for name, required := range shared {
			c.settings[app][name] = required
		}
		readSettings(files, c.settings[app])
		for _, file := range files {
			c.readService(app, file)
		}
	}
	return c, nil
})

// streams is the program that makes the streams, built once. It knows the topics of shared/events.
var streams = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "streams")
	build := exec.Command("go", "build", "-o", program, "./k8s/streams")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./k8s/streams: %w\n%s", err, out)
	}
	return program, nil
})

// programs is where it is built.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "deploy-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	result := m.Run()
	os.RemoveAll(programs)
	os.Exit(result)
}

func facts(t *testing.T) code {
	t.Helper()
	c, err := readCode()
	require.NoError(t, err)
	return c
}

func (c *code) readRunFile() error {
	text, err := os.ReadFile(root + "/dapr.yaml")
	if err != nil {
		return err
	}
	var file struct {
		Common struct {
			Path string `json:"appHealthCheckPath"`
		} `json:"common"`
		Apps []struct {
			ID   string `json:"appID"`
			Port int    `json:"appPort"`
		} `json:"apps"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	c.health = file.Common.Path
	for _, app := range file.Apps {
		c.apps[app.ID] = app.Port
	}
	return nil
}

func parseFolder(folder string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no source in %s", folder)
	}
	return files, nil
}

// readSettings finds the environment variables in struct tags.
func readSettings(files []*ast.File, into map[string]bool) {
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok && field.Tag != nil {
				tag := reflect.StructTag(text(field.Tag))
				if name := tag.Get("envconfig"); name != "" {
					into[name] = tag.Get("required") == "true"
				}
			}
			return true
		})
	}
}

// readShared finds the components that the code names, and how long a service takes to stop.
func (c *code) readShared(files []*ast.File) {
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl: // const ( stateStore = "statestore"; ... ): the names of the components, all in one place
				if n.Tok == token.CONST && slices.ContainsFunc(n.Specs, isNamed("stateStore")) {
					for _, spec := range n.Specs {
						c.components = append(c.components, text(spec.(*ast.ValueSpec).Values[0]))
					}
				}
			case *ast.ValueSpec:
				if !isNamed("stopLimit")(n) || len(n.Values) != 1 {
					return true
				}
				if product, ok := n.Values[0].(*ast.BinaryExpr); ok {
					seconds, _ := strconv.Atoi(product.X.(*ast.BasicLit).Value)
					c.stopLimit = time.Duration(seconds) * time.Second
				}
			}
			return true
		})
	}
	slices.Sort(c.components)
	c.components = slices.Compact(c.components)
}

func isNamed(name string) func(ast.Spec) bool {
	return func(s ast.Spec) bool {
		v, ok := s.(*ast.ValueSpec)
		return ok && v.Names[0].Name == name
	}
}

// readService finds routes, events, state and invocations.
func (c *code) readService(app string, file *ast.File) {
	for _, declaration := range file.Decls {
		var apps []string // a list of services that one function goes through
		ast.Inspect(declaration, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if names := literals(n); len(names) > 0 && c.areApps(names) {
					apps = names
				}
			case *ast.ValueSpec: // var services = map[string]string{"/api/users": "auth", ...}
				if app != "web" || n.Names[0].Name != "services" || len(n.Values) != 1 {
					return true
				}
				if list, ok := n.Values[0].(*ast.CompositeLit); ok {
					for _, element := range list.Elts {
						pair := element.(*ast.KeyValueExpr)
						c.prefixes[text(pair.Key)] = text(pair.Value)
					}
				}
			case *ast.CallExpr:
				before := len(c.calls)
				c.readCall(app, n, apps)
				if f, ok := declaration.(*ast.FuncDecl); ok && len(c.calls) > before {
					c.invokers[app+" "+f.Name.Name] = true
				}
			}
			return true
		})
	}
}

func (c *code) readCall(app string, n *ast.CallExpr, apps []string) {
	callee := n.Fun
	if generic, ok := callee.(*ast.IndexExpr); ok {
		callee = generic.X
	}
	function, ok := callee.(*ast.SelectorExpr)
	if !ok {
		return
	}
	switch name := function.Sel.Name; {
	case name == "FromWeb" && len(n.Args) == 4:
		c.routes[app] = append(c.routes[app], route{method: text(n.Args[0]), path: text(n.Args[1])})
	case is(function, "service", "NewRoutes") && len(n.Args) > 3:
		for _, check := range n.Args[3:] {
			ast.Inspect(check, func(n ast.Node) bool {
				if name, ok := n.(*ast.Ident); ok {
					c.readiness[app] = append(c.readiness[app], name.Name)
				}
				return true
			})
		}
	case name == "Internal" && len(n.Args) > 3:
		r := route{method: text(n.Args[0]), path: text(n.Args[1])}
		for _, caller := range n.Args[3:] {
			r.callers = append(r.callers, text(caller))
			c.calls = append(c.calls, call{from: text(caller), to: app, method: r.method, path: r.example()}) // shared code may make it
		}
		c.routes[app] = append(c.routes[app], r)
	case is(function, "service", "On") || is(function, "service", "OnBroadcast") || name == "Nudges":
		c.listens[app] = true
	case is(function, "dapr", "NewCollection") || is(function, "dapr", "NewTemporary") || is(function, "dapr", "NewAnnounced") || is(function, "dapr", "NewList"):
		c.keeps[app] = true
	case name == "Invoke" && len(n.Args) == 6:
		to := []string{text(n.Args[1])}
		if to[0] == "" {
			to = apps // a loop over them
		}
		for _, callee := range to {
			c.calls = append(c.calls, call{from: app, to: callee, method: method(n.Args[2]), path: pathOf(n.Args[3])})
		}
	}
}

func is(s *ast.SelectorExpr, pkg, name string) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

// text is a string literal's value, or "".
func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	value, _ := strconv.Unquote(literal.Value)
	return value
}

// method is http.MethodGet's value.
func method(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return strings.ToUpper(strings.TrimPrefix(s.Sel.Name, "Method"))
	}
	return text(e)
}

// pathOf is a path put together with +, with an id for what is not a literal.
func pathOf(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return pathOf(sum.X) + pathOf(sum.Y)
	}
	if value := text(e); value != "" {
		return value
	}
	return anID
}

func literals(l *ast.CompositeLit) []string {
	var all []string
	for _, element := range l.Elts {
		value := text(element)
		if value == "" {
			return nil
		}
		all = append(all, value)
	}
	return all
}

func (c *code) areApps(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, ok := c.apps[name]; return !ok })
}

// anID stands for any id.
const anID = "0190c2f4a1"

// example is a request's path for a route's pattern.
func (r route) example() string {
	parts := strings.Split(r.path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = anID
		}
	}
	return strings.Join(parts, "/")
}

// owners are services in order.
func (c code) owners() []string {
	var all []string
	for app := range c.apps {
		all = append(all, app)
	}
	slices.Sort(all)
	return all
}

// What is read from the source is compared with the source's own words here, so that a reader who finds nothing any
// more does not pass for agreement.
func TestTheCodeIsRead(t *testing.T) {
	c := facts(t)
	assert.Equal(t, []string{"auth", "desk", "expiration", "handover", "mail", "orders", "payments", "tickets", "web"}, c.owners())
	assert.Equal(t, "/livez", c.health)
	assert.Contains(t, c.routes["orders"], route{method: "POST", path: "/internal/orders/{id}/checkout", callers: []string{"payments"}})
	assert.Contains(t, c.routes["payments"], route{method: "POST", path: "/api/payments/webhook"})
	assert.Contains(t, c.calls, call{"orders", "tickets", http.MethodGet, "/api/tickets/" + anID})
	assert.Contains(t, c.calls, call{"payments", "orders", http.MethodPost, "/internal/orders/" + anID + "/checkout"})
	assert.Contains(t, c.calls, call{"web", "expiration", http.MethodGet, "/healthz"})
	assert.Contains(t, c.calls, call{"tickets", "auth", http.MethodGet, "/internal/sessions/ended"})
	assert.True(t, c.invokers["web everyServiceReady"] && !c.invokers["web lately"])
	assert.Contains(t, c.readiness["web"], "sidecar")
	assert.Equal(t, map[string]string{"/api/users": "auth", "/api/tickets": "tickets", "/api/sales": "tickets", "/api/events": "tickets", "/api/orders": "orders", "/api/payments": "payments", "/api/handovers": "handover", "/api/contents": "handover", "/api/desk": "desk"}, c.prefixes)
	assert.True(t, c.listens["expiration"] && c.listens["auth"] && !c.listens["streams"])
	assert.True(t, c.keeps["auth"] && !c.keeps["expiration"])
	assert.True(t, c.settings["payments"]["STRIPE_SECRET_KEY"], "required")
	assert.Contains(t, c.settings["payments"], "STRIPE_API_BASE")
	assert.True(t, c.settings["orders"]["APP_PORT"], "required")
	assert.True(t, c.settings["streams"]["NATS_URL"], "required")
	assert.Contains(t, c.components, "statestore")
	assert.Contains(t, c.components, "pubsub")
	assert.Equal(t, 10*time.Second, c.stopLimit)
	assert.Subset(t, c.topics, []string{"tickets", "orders", "payments", "expirations", "orders-outbox", "payments-dead"})
}
