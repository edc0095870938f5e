// Package tests buys and sells tickets on the real stack: the binaries that ship, each beside a real sidecar, through web.
// STATE and PUBSUB in the environment choose other components than dapr.yaml does, and REPLICAS how many of each service
// there are, as with `make run`; SERVICES names a folder with built services, which are then not built anew.
package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

var verbose = flag.Bool("stack-log", false, "show what the stacks do")

// Two stacks serve all tests: one with the hold that buyers get, one where time runs out quickly. They are started by the
// first test that needs them. Few people do much in them: they may hold as many tickets as they like, and again at once.
var (
	market = shared("market", stack.Options{Env: map[string]string{"HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s", "CORS_ORIGINS": friend}})
	hasty  = shared("hasty", stack.Options{Env: map[string]string{"ORDER_HOLD": "3s", "CHECKOUT_LIMIT": "2s", "STRIPESIM_WEBHOOK_DELAY": "10s", "HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s", "HANDOVER_WITHIN": "4s"}})
)

// friend is an origin whose scripts may use market's API; hasty's lets nobody in.
const friend = "https://app.example"

var running []*stack.Stack

func TestMain(m *testing.M) {
	flag.Parse()
	if err := witness(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if complaints := agreement(); len(complaints) > 0 {
		fmt.Fprintln(os.Stderr, strings.Join(complaints, "\n"))
		code = 1
	}
	if code == 0 {
		if err := holdToContract(running, flag.Lookup("test.run").Value.String() == ""); err != nil {
			fmt.Fprintln(os.Stderr, "what was published is not what shared/contracts/asyncapi.yaml says:", err)
			code = 1
		}
	}
	for _, s := range running {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop:", err)
			code = 1
		}
		if code == 0 {
			os.RemoveAll(s.Dir)
		}
	}
	os.Exit(code)
}

// shared is a stack on free ports with a private data folder, started once.
func shared(name string, o stack.Options) func(t *testing.T) *stack.Stack {
	start := sync.OnceValues(func() (*stack.Stack, error) {
		dir, err := os.MkdirTemp("", "marketplace-"+name+"-")
		if err != nil {
			return nil, err
		}
		s, err := launch(dir, o)
		if err == nil {
			running = append(running, s)
		}
		return s, err
	})
	return func(t *testing.T) *stack.Stack {
		t.Helper()
		s, err := start()
		require.NoError(t, err)
		return s
	}
}

func launch(dir string, o stack.Options) (*stack.Stack, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if o.Bin = os.Getenv("SERVICES"); o.Bin == "" {
		if err := build(ctx); err != nil {
			return nil, err
		}
	}
	o, err := o.Chosen()
	if err != nil {
		return nil, err
	}
	o.Dir, o.FreePorts, o.KeepEvents = dir, true, true
	if *verbose {
		o.Log = os.Stderr
	}
	began := time.Now()
	s, err := stack.Start(ctx, o)
	if err == nil {
		watched.Store(s, true)
		fmt.Printf("stack ready after %.1f s, data in %s\n", time.Since(began).Seconds(), dir)
	}
	return s, err
}

var buildOnce sync.Once
var buildErr error

func build(ctx context.Context) error {
	buildOnce.Do(func() {
		var root string
		if root, buildErr = filepath.Abs(".."); buildErr == nil {
			buildErr = stack.Build(ctx, root)
		}
	})
	return buildErr
}

// person is somebody with a browser.
type person struct {
	t      *testing.T
	base   string
	cookie *http.Cookie
	ID     string
	Email  string
}

// answer is what the API said.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// into reads the body; it must be JSON.
func (a answer) into(t *testing.T, dst any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.Body, dst), "%s", a.Body)
}

// says returns the messages of an error body, as "message (field)". Each must have a code.
func (a answer) says() string {
	var body struct {
		Errors []struct{ Message, Field, Code string }
	}
	if json.Unmarshal(a.Body, &body) != nil {
		return "not an error body: " + string(a.Body)
	}
	var all []string
	for _, e := range body.Errors {
		if !codeForm.MatchString(e.Code) {
			return "not an error body, it has no code: " + string(a.Body)
		}
		if e.Field != "" {
			e.Message += " (" + e.Field + ")"
		}
		all = append(all, e.Message)
	}
	return strings.Join(all, "; ")
}

var codeForm = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// code is the code of an error body's first complaint.
func (a answer) code() string {
	var body struct{ Errors []struct{ Code string } }
	if json.Unmarshal(a.Body, &body) != nil || len(body.Errors) == 0 {
		return "not an error body: " + string(a.Body)
	}
	return body.Errors[0].Code
}

// visitor comes in through the replicas of web in turn.
func visitor(t *testing.T, s *stack.Stack) *person {
	return &person{t: t, base: s.URLs[people.Add(1)%int64(len(s.URLs))]}
}

var people atomic.Int64

// newcomer signs up.
func newcomer(t *testing.T, s *stack.Stack) *person {
	t.Helper()
	p := visitor(t, s)
	p.Email = fmt.Sprintf("person%d.%d@example.com", people.Load(), time.Now().UnixNano())
	got := p.post("/api/users/signup", `{"email":"`+p.Email+`","password":"correct horse"}`)
	require.Equal(t, 201, got.Status, "%s", got.Body)
	var me struct{ ID string }
	got.into(t, &me)
	p.ID = me.ID
	return p
}

func (p *person) do(method, path, body string) answer {
	p.t.Helper()
	got, err := p.try(method, path, body)
	require.NoError(p.t, err)
	return got
}

// try is do for goroutines, where a test must not end.
func (p *person) try(method, path, body string) (answer, error) {
	contentType := ""
	if body != "" {
		contentType = "application/json"
	}
	return p.ask(method, path, body, http.Header{"Content-Type": {contentType}})
}

// with is do with more headers: names and values in turn.
func (p *person) with(method, path, body string, headers ...string) answer {
	p.t.Helper()
	header := http.Header{}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	got, err := p.ask(method, path, body, header)
	require.NoError(p.t, err)
	return got
}

func (p *person) ask(method, path, body string, header http.Header) (answer, error) {
	req, err := http.NewRequest(method, p.base+path, bytes.NewBufferString(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = header.Clone()
	if p.cookie != nil {
		req.AddCookie(p.cookie)
	}
	got, err := send(req)
	for _, c := range (&http.Response{Header: got.Header}).Cookies() {
		if c.Name == "session" {
			p.cookie = c
		}
	}
	return got, err
}

func send(req *http.Request) (answer, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, raw}, err
}

func (p *person) get(path string) answer        { p.t.Helper(); return p.do("GET", path, "") }
func (p *person) post(path, body string) answer { p.t.Helper(); return p.do("POST", path, body) }

// ticket and order as the API shows them.
type ticket struct {
	ID, Title, UserID, OrderID string
	Price                      json.Number
	Version                    int
}

type order struct {
	ID, Status, UserID, Reason, Code string
	ExpiresAt                        time.Time
	Version                          int
	Ticket                           struct {
		ID, Title string
		Price     json.Number
	}
}

func (p *person) sells(title, price string) ticket {
	p.t.Helper()
	got := p.post("/api/tickets", `{"title":"`+title+`","price":`+price+`}`)
	require.Equal(p.t, 201, got.Status, "%s", got.Body)
	var t ticket
	got.into(p.t, &t)
	return t
}

func (p *person) orders(ticketID string) order {
	p.t.Helper()
	got := p.post("/api/orders", `{"ticketId":"`+ticketID+`"}`)
	require.Equal(p.t, 201, got.Status, "%s", got.Body)
	var o order
	got.into(p.t, &o)
	return o
}

func (p *person) pays(orderID, token string) answer {
	p.t.Helper()
	return p.post("/api/payments", `{"orderId":"`+orderID+`","token":"`+token+`"}`)
}

func (p *person) order(id string) order {
	p.t.Helper()
	got := p.get("/api/orders/" + id)
	require.Equal(p.t, 200, got.Status, "%s", got.Body)
	var o order
	got.into(p.t, &o)
	return o
}

func (p *person) ticket(id string) ticket {
	p.t.Helper()
	got := p.get("/api/tickets/" + id)
	require.Equal(p.t, 200, got.Status, "%s", got.Body)
	var t ticket
	got.into(p.t, &t)
	return t
}

// eventually waits for what events bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 20*time.Second, 20*time.Millisecond, what)
}
