// Package agreed holds what is asked and answered against shared/contracts.
//
// The library is kin-openapi: it judges OpenAPI 3.1 by JSON Schema 2020-12, and needs fewer others than
// pb33f/libopenapi-validator does. Only tests use it.
package agreed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"go.yaml.in/yaml/v3"

	"marketplace/shared/contracts"
)

// Contract is one of the documents.
type Contract struct {
	name   string
	doc    *openapi3.T
	router routers.Router

	mu   sync.Mutex
	seen map[string]bool // "GET /api/tickets 200"
}

// Outside reads openapi.yaml, and Inside internal.yaml.
func Outside() (*Contract, error) { return open("openapi.yaml") }
func Inside() (*Contract, error)  { return open("internal.yaml") }

var documents = map[string][]byte{"openapi.yaml": contracts.OpenAPI, "internal.yaml": contracts.Internal}

func init() { openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder) }

func open(name string) (*Contract, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, at *url.URL) ([]byte, error) { return closed(documents[at.Path]) }
	doc, err := loader.LoadFromURI(&url.URL{Path: name})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := doc.Validate(context.Background(), openapi3.AllowExtraSiblingFields("description")); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	doc.Servers = nil // wherever a test's stack is
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Contract{name: name, doc: doc, router: router, seen: map[string]bool{}}, nil
}

// closed is a document in which objects have no fields but those that it names. Clients are told to read over fields that
// they do not know; here one that is not written down is a mistake.
func closed(document []byte) ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if _, object := node["properties"].(map[string]any); object && node["type"] == "object" {
				if _, said := node["additionalProperties"]; !said {
					node["additionalProperties"] = false
				}
			}
			for _, below := range node {
				walk(below)
			}
		case []any:
			for _, below := range node {
				walk(below)
			}
		}
	}
	walk(tree)
	return yaml.Marshal(tree)
}

// Route is an operation that a document has.
type Route struct {
	Method, Path string
	Services     []string // who serves it
	Callers      []string // who may call it, in internal.yaml
	Statuses     []int
}

// Routes are all of them.
func (c *Contract) Routes() (all []Route) {
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := Route{Method: method, Path: path, Services: names(op.Extensions["x-services"]), Callers: names(op.Extensions["x-callers"])}
			if one, ok := op.Extensions["x-service"].(string); ok {
				r.Services = []string{one}
			}
			for status := range op.Responses.Map() {
				n, _ := strconv.Atoi(status)
				r.Statuses = append(r.Statuses, n)
			}
			slices.Sort(r.Statuses)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return all
}

// Example is the body of an operation's example, nil when it has none.
func (c *Contract) Example(method, path string) any {
	item := c.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil || item.GetOperation(method).RequestBody == nil {
		return nil
	}
	if media := item.GetOperation(method).RequestBody.Value.Content.Get("application/json"); media != nil {
		return media.Example
	}
	return nil
}

// Codes are the errors' codes that the document lists.
func (c *Contract) Codes() (all []string) {
	if list := c.doc.Components.Schemas["ErrorCode"]; list != nil {
		for _, one := range list.Value.OneOf {
			if code, ok := one.Value.Const.(string); ok {
				all = append(all, code)
			}
		}
	}
	return all
}

func names(list any) (all []string) {
	values, _ := list.([]any)
	for _, v := range values {
		if name, ok := v.(string); ok {
			all = append(all, name)
		}
	}
	return all
}

// Judge says in one sentence how an answer breaks the contract, nil when it does not. A request from outside is judged too
// when it was answered well: tests send rubbish on purpose. app is the service that was asked, "" for web's whole outside.
func (c *Contract) Judge(req *http.Request, body []byte, status int, header http.Header, answer []byte, app string) error {
	what := req.Method + " " + req.URL.Path
	lookup := req
	if req.Method == http.MethodHead { // the same as GET, without the words
		lookup = req.Clone(req.Context())
		lookup.Method = http.MethodGet
	}
	route, params, err := c.router.FindRoute(lookup)
	if err == nil && app != "" && !slices.Contains(names(route.Operation.Extensions["x-services"]), app) {
		err = routers.ErrPathNotFound
	}
	if err != nil {
		return c.judgeUnknown(what, err, req.Method, status, header, answer)
	}
	c.note(route, status)
	in := &openapi3filter.RequestValidationInput{Request: with(lookup, body), PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: authenticated}}
	if status/100 == 2 && app == "" { // what a sidecar brings is answered 200 whatever it is: the answer says DROP
		if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
			return fmt.Errorf("%s was answered %d although %s has no such request: %s", what, status, c.name, inShort(err))
		}
	}
	if route.Operation.Responses.Status(status) == nil {
		return fmt.Errorf("%s was answered %d, which %s does not say: %s", what, status, c.name, onOneLine(answer))
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: req.Method == http.MethodHead}}
	out.SetBodyBytes(answer)
	if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
		return fmt.Errorf("the answer %d to %s is not as %s says: %s: %s", status, what, c.name, inShort(err), onOneLine(answer))
	}
	return nil
}

// judgeUnknown is Judge for what is not in the document: then it must not be there, and be refused in the usual form.
func (c *Contract) judgeUnknown(what string, why error, method string, status int, header http.Header, answer []byte) error {
	allowed := []int{http.StatusNotFound, http.StatusUnauthorized}
	if !errors.Is(why, routers.ErrPathNotFound) {
		allowed = append(allowed, http.StatusMethodNotAllowed)
	}
	switch {
	case slices.Contains(allowed, status), status == http.StatusBadRequest || status == http.StatusServiceUnavailable || status == http.StatusRequestEntityTooLarge:
	case method == http.MethodOptions && status == http.StatusNoContent:
		return nil
	default:
		return fmt.Errorf("%s was answered %d, and %s has no such route", what, status, c.name)
	}
	if method == http.MethodHead {
		return nil
	}
	name := "Errors"
	if header.Get("Content-Type") == "application/problem+json" {
		name = "Problem"
	}
	if form := c.doc.Components.Schemas[name]; form != nil {
		if err := form.Value.VisitJSON(asJSON(answer), openapi3.EnableJSONSchema2020()); err != nil {
			return fmt.Errorf("the answer %d to %s has not the form of an error: %s", status, what, onOneLine(answer))
		}
	}
	return nil
}

// note remembers what has been seen.
func (c *Contract) note(r *routers.Route, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprint(r.Method, " ", r.Path, " ", status)] = true
}

// Unseen are the answers in the document that no Judge has seen.
func (c *Contract) Unseen() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.Routes() {
		for _, status := range r.Statuses {
			if what := fmt.Sprint(r.Method, " ", r.Path, " ", status); !c.seen[what] {
				all = append(all, what)
			}
		}
	}
	return all
}

// authenticated finds what a security scheme asks for; whether it is good has been judged by the service.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r, scheme := in.RequestValidationInput.Request, in.SecurityScheme
	there := strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch scheme.In {
	case "cookie":
		_, err := r.Cookie(scheme.Name)
		there = err == nil
	case "header":
		there = r.Header.Get(scheme.Name) != ""
	}
	if !there {
		return in.NewError(errors.New("it shows nothing"))
	}
	return nil
}

// onOneLine is the beginning of an answer.
func onOneLine(answer []byte) string {
	return fmt.Sprintf("%.300s", strings.Join(strings.Fields(string(answer)), " "))
}

// inShort is the first line of an error: the rest is the schema.
func inShort(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
