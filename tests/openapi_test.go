package tests

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76/webhook"

	"marketplace/shared/events"
	"marketplace/tests/agreed"
	"marketplace/tests/stack"
)

// Everything that the tests of this package ask a stack for is held against shared/contracts, by what all of them ask
// through. What goes over connections of their own (hostile_test.go) is not.
var (
	outside, inside *agreed.Contract
	transport       *agreed.Transport
	watched         sync.Map // *stack.Stack, true
)

// witness begins that.
func witness() (err error) {
	if outside, err = agreed.Outside(); err != nil {
		return err
	}
	if inside, err = agreed.Inside(); err != nil {
		return err
	}
	transport = &agreed.Transport{Next: http.DefaultTransport, Of: contractOf}
	http.DefaultClient.Transport = transport
	return nil
}

// contractOf is the contract that a request falls under and the service that it asks.
func contractOf(r *http.Request) (contract *agreed.Contract, app string) {
	watched.Range(func(key, _ any) bool {
		s := key.(*stack.Stack)
		api := r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
		if slices.ContainsFunc(s.URLs, func(base string) bool { return strings.HasSuffix(base, "://"+r.URL.Host) }) {
			if contract, app = inside, "web"; api {
				contract, app = outside, ""
			} else if !isInside(r.URL.Path) {
				contract = nil // a page
			}
			return false
		}
		for _, name := range apps {
			for _, a := range s.Replicas(name) {
				if r.URL.Host == fmt.Sprint("127.0.0.1:", a.AppPort) && !api {
					contract, app = inside, name
				}
			}
		}
		return contract == nil
	})
	return contract, app
}

func isInside(path string) bool {
	return slices.ContainsFunc([]string{"/livez", "/readyz", "/healthz", "/dapr/", "/events/", "/job/", "/internal/"}, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// agreement is what has to be said at the end: answers that broke a contract, and when every test has run, answers in the
// document that nobody has seen.
func agreement() []string {
	complaints := transport.Broken()
	run, skip := flag.Lookup("test.run").Value.String(), flag.Lookup("test.skip").Value.String()
	if run == "" && skip == "" && !testing.Short() {
		for _, unseen := range outside.Unseen() {
			complaints = append(complaints, "openapi.yaml says "+unseen+", and no test has seen it")
		}
	}
	return complaints
}

var prefixRoute = regexp.MustCompile(`"(/api/\w+)": +"(\w+)"`)

// Every route in the services' source is in the documents, served by and open to whom they say, and the other way round.
func TestEveryRouteIsInTheContract(t *testing.T) {
	var outsideRoutes, insideRoutes []string
	for _, app := range apps {
		text := source(t, app)
		for _, m := range webRoute.FindAllStringSubmatch(text, -1) {
			outsideRoutes = append(outsideRoutes, m[1]+" "+m[2]+" by "+app)
		}
		for _, m := range internalRoute.FindAllStringSubmatch(text, -1) {
			insideRoutes = append(insideRoutes, m[1]+" "+m[2]+" by "+app+" for "+strings.Join(appName.FindAllString(m[3], -1), " "))
		}
		for _, m := range jobRoute.FindAllStringSubmatch(text, -1) {
			prefix := regexp.MustCompile(m[1] + ` += "([^"]+)"`).FindStringSubmatch(text)
			require.Len(t, prefix, 2, "the name of job %s of %s", m[1], app)
			insideRoutes = append(insideRoutes, "POST /job/"+prefix[1]+"{rest} by "+app+" for sidecar")
		}
	}
	for _, m := range pageRoute.FindAllStringSubmatch(source(t, "web"), -1) {
		if strings.Contains(m[1], " /api/") {
			outsideRoutes = append(outsideRoutes, m[1]+" by web")
		}
	}
	prefixes := map[string]string{}
	for _, m := range prefixRoute.FindAllStringSubmatch(source(t, "web"), -1) {
		prefixes[m[1]] = m[2]
	}
	require.NotEmpty(t, prefixes)

	var written []string
	for _, r := range outside.Routes() {
		for _, app := range r.Services {
			written = append(written, r.Method+" "+r.Path+" by "+app)
			if prefix := strings.Join(strings.SplitN(r.Path, "/", 4)[:3], "/"); app != "web" {
				assert.Equal(t, app, prefixes[prefix], "web passes %s on", r.Path)
			}
		}
	}
	assert.ElementsMatch(t, outsideRoutes, written, "the routes in the source, and those in openapi.yaml")

	written = nil
	for _, r := range inside.Routes() {
		if !strings.HasPrefix(r.Path, "/internal/") && !strings.HasPrefix(r.Path, "/job/") {
			continue // see TestSubscriptionsAreInTheContract, and every service has the others
		}
		for _, app := range r.Services {
			written = append(written, r.Method+" "+r.Path+" by "+app+" for "+strings.Join(r.Callers, " "))
		}
	}
	assert.ElementsMatch(t, insideRoutes, written, "the routes in the source, and those in internal.yaml")
}

var codeInSource = regexp.MustCompile(`(?m)^\t\w+ +Code = "(\w+)"`)

// Every code of an error is in the document, where clients' authors look it up, and the other way round.
func TestEveryCodeIsInTheContract(t *testing.T) {
	text, err := os.ReadFile("../shared/fault/codes.go")
	require.NoError(t, err)
	var known []string
	for _, m := range codeInSource.FindAllStringSubmatch(string(text), -1) {
		known = append(known, m[1])
	}
	require.NotEmpty(t, known)
	assert.ElementsMatch(t, known, outside.Codes())
}

// What the services tell their sidecars that they want to hear is in internal.yaml, and the other way round.
func TestSubscriptionsAreInTheContract(t *testing.T) {
	s := market(t)
	for _, app := range apps {
		var written, told []string
		for _, r := range inside.Routes() {
			if strings.HasPrefix(r.Path, "/events/") && slices.Contains(r.Services, app) {
				written = append(written, r.Path)
				assert.Equal(t, []string{"sidecar"}, r.Callers)
			}
		}
		for _, sub := range subscriptions(t, s, app) {
			told = append(told, sub.Route)
		}
		assert.ElementsMatch(t, told, written, app)
	}
}

// The examples of the document, in the order in which somebody tries them, work.
func TestTheExamplesWork(t *testing.T) {
	s := market(t)
	seller, buyer := visitor(t, s), newcomer(t, s)
	body := func(method, path, name, id string) string {
		example, ok := outside.Example(method, path).(map[string]any)
		require.True(t, ok, "%s %s", method, path)
		if name != "" {
			require.Contains(t, example, name)
			example[name] = id
		}
		raw, err := json.Marshal(example)
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, 201, seller.post("/api/users/signup", body("POST", "/api/users/signup", "", "")).Status)
	require.Equal(t, 200, seller.post("/api/users/signin", body("POST", "/api/users/signin", "", "")).Status)
	listed := seller.post("/api/tickets", body("POST", "/api/tickets", "", ""))
	require.Equal(t, 201, listed.Status, "%s", listed.Body)
	var sold ticket
	listed.into(t, &sold)
	require.Equal(t, 200, seller.do("PUT", "/api/tickets/"+sold.ID, body("PUT", "/api/tickets/{id}", "", "")).Status)
	held := buyer.post("/api/orders", body("POST", "/api/orders", "ticketId", sold.ID))
	require.Equal(t, 201, held.Status, "%s", held.Body)
	var placed order
	held.into(t, &placed)
	require.Equal(t, 201, buyer.post("/api/payments", body("POST", "/api/payments", "orderId", placed.ID)).Status)
}

// Whatever a route is asked in a form that cannot be, its answer is one that the document has.
func TestEveryRouteRefuses(t *testing.T) {
	s := market(t)
	someone := newcomer(t, s)
	long := "?q=" + strings.Repeat("x", 7<<10)
	for _, r := range outside.Routes() {
		if slices.Contains(r.Services, "web") {
			continue
		}
		path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(r.Path, "NOSUCH")
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			got := someone.do(r.Method, path+long, "")
			assert.Equal(t, 400, got.Status, "an address that is too long")
			if slices.Contains(r.Statuses, 413) {
				assert.Equal(t, 413, someone.do(r.Method, path, `"`+strings.Repeat("x", 70<<10)+`"`).Status)
			}
			problem := someone.with(r.Method, path+long, "", "Accept", "application/problem+json")
			assert.Equal(t, "application/problem+json", problem.Header.Get("Content-Type"))
			if slices.Contains(r.Statuses, 415) {
				assert.Equal(t, 415, someone.with(r.Method, path, `{}`, "Content-Type", "text/plain").Status)
			}
		})
	}
}

// While the service behind a route is away, the route says so, and says when to come back.
func TestEveryRouteWhileItsServiceIsAway(t *testing.T) {
	s := market(t)
	someone := newcomer(t, s)
	for _, app := range []string{"auth", "tickets", "orders", "payments", "handover", "desk"} {
		for _, name := range replicasOf(s, app) {
			require.NoError(t, s.Kill(name))
		}
		for _, r := range outside.Routes() {
			if slices.Contains(r.Services, app) {
				path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(r.Path, "NOSUCH")
				got := someone.do(r.Method, path, "")
				assert.Equal(t, 503, got.Status, "%s %s: %s", r.Method, r.Path, got.Body)
				assert.NotEmpty(t, got.Header.Get("Retry-After"))
			}
		}
		for _, name := range replicasOf(s, app) {
			require.NoError(t, s.Revive(t.Context(), name))
		}
	}
	eventually(t, "everybody is back", func() bool {
		return someone.get("/api/orders").Status == 200 && someone.get("/api/tickets").Status == 200 && someone.get("/api/handovers?as=buyer").Status == 200
	})
}

// replicasOf are the names of a service's processes in a stack.
func replicasOf(s *stack.Stack, app string) (names []string) {
	for _, name := range s.Names() {
		if rest, ours := strings.CutPrefix(name, app); ours && !strings.HasSuffix(name, "-sidecar") && (rest == "" || rest[0] == '-') {
			names = append(names, name)
		}
	}
	return names
}

// One network address makes only so many accounts, and is told when it may make more.
func TestSignUpsOfOneNetwork(t *testing.T) {
	s := market(t)
	limit := func(most string) {
		for _, name := range replicasOf(s, "auth") {
			require.NoError(t, s.Kill(name))
			require.NoError(t, s.SetEnv(name, "SIGNUPS_PER_NETWORK", most))
			require.NoError(t, s.Revive(t.Context(), name))
		}
		eventually(t, "auth is back", func() bool { return visitor(t, s).get("/api/users/currentuser").Status == 200 })
	}
	newcomer(t, s)
	limit("1")
	defer limit("100000")
	got := visitor(t, s).post("/api/users/signup", `{"email":"one.more@example.com","password":"correct horse"}`)
	assert.Equal(t, 429, got.Status, "%s", got.Body)
	assert.NotEmpty(t, got.Header.Get("Retry-After"))
}

// What Stripe signs is heard.
func TestSignedWebhook(t *testing.T) {
	s := market(t)
	secret, err := os.ReadFile(filepath.Join(s.Dir, ".local/keys/stripe-webhook-secret"))
	require.NoError(t, err)
	body := `{"id":"evt_1","object":"event","type":"customer.created","data":{"object":{"id":"cus_1"}}}`
	now := time.Now()
	mac := webhook.ComputeSignature(now, []byte(body), strings.TrimSpace(string(secret)))
	got := visitor(t, s).with("POST", "/api/payments/webhook", body, "Stripe-Signature", fmt.Sprintf("t=%d,v1=%x", now.Unix(), mac))
	assert.Equal(t, 200, got.Status, "%s", got.Body)
}

// What has not changed since somebody looked is not sent again: every single thing, and every list.
func TestWhatHasNotChanged(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(seller.sells("Unchanged", "10").ID)
	require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	eventually(t, "it is told everywhere", func() bool {
		return buyer.order(placed.ID).Status == "complete" && seller.ticket(placed.Ticket.ID).OrderID == placed.ID && buyer.handover(placed.ID).Status == "due"
	})
	olga := operator(t, s)
	publish(t, s, events.DeadTopic("web"), "no event, and it stays")
	var letters []deadLetter
	eventually(t, "the desk has it", func() bool {
		olga.get("/api/desk/letters?limit=200").into(t, &letters)
		return len(letters) > 0
	})
	for _, r := range outside.Routes() {
		if r.Method != "GET" || !slices.Contains(r.Statuses, 304) {
			continue
		}
		t.Run(r.Path, func(t *testing.T) {
			id, buyer := placed.ID, buyer
			if strings.HasPrefix(r.Path, "/api/tickets") {
				id = placed.Ticket.ID
			}
			path := strings.NewReplacer("{id}", id, "{orderId}", id, "{ticketId}", placed.Ticket.ID).Replace(r.Path)
			switch r.Path {
			case "/api/contents/{ticketId}":
				buyer = seller
			case "/api/handovers/reports", "/api/payments/cases", "/api/desk/letters", "/api/desk/orders", "/api/desk/figures":
				buyer = olga
			case "/api/desk/letters/{id}":
				buyer, path = olga, "/api/desk/letters/"+letters[0].ID
			case "/api/handovers":
				path += "?as=buyer"
			}
			got := buyer.get(path)
			require.Equal(t, 200, got.Status)
			require.NotEmpty(t, got.Header.Get("ETag"))
			again := buyer.with("GET", path, "", "If-None-Match", got.Header.Get("ETag"))
			assert.Equal(t, 304, again.Status)
			assert.Empty(t, again.Body)
			assert.Equal(t, 200, buyer.with("GET", path, "", "If-None-Match", `"another"`).Status)
		})
	}
}

// Every route that makes something knows its keys: the same request is answered the same, another under the same key is not.
func TestKeys(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	held := buyer.orders(seller.sells("With a key, paid", "10").ID)
	free := seller.sells("With a key, ordered", "10")
	bodies := map[string][2]string{
		"/api/users/signup": {`{"email":"with.a.key@example.com","password":"correct horse"}`, `{"email":"with.a.key@example.com","password":"another horse"}`},
		"/api/tickets":      {`{"title":"With a key","price":10}`, `{"title":"With a key","price":11}`},
		"/api/orders":       {`{"ticketId":"` + free.ID + `"}`, `{"ticketId":"` + held.Ticket.ID + `"}`},
		"/api/payments":     {`{"orderId":"` + held.ID + `","token":"tok_visa"}`, `{"orderId":"` + held.ID + `","token":"tok_mastercard"}`},
	}
	for _, r := range outside.Routes() {
		if r.Method != "POST" || !slices.Contains(r.Statuses, 409) {
			continue
		}
		t.Run(r.Path, func(t *testing.T) {
			send := func(body string) answer { return buyer.with("POST", r.Path, body, "Idempotency-Key", "the only one") }
			first := send(bodies[r.Path][0])
			require.Equal(t, 201, first.Status, "%s", first.Body)
			again := send(bodies[r.Path][0])
			assert.Equal(t, 201, again.Status, "%s", again.Body)
			assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			other := send(bodies[r.Path][1])
			assert.Equal(t, 409, other.Status, "%s", other.Body)
			assert.Contains(t, string(other.Body), "idempotency_key_reused")
		})
	}
}
